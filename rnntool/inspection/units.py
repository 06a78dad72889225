"""Which hidden units of a run follow a label or property, for `rnntool units`.

Units are chosen on one half of the data and scored on the other; with `--test`, they are chosen on
all of it and scored on the test data. Otherwise some of hundreds of units would fit by chance.

Shapes: M texts, words or tokens, U units of a layer, H hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.reading import STREAM, name_of
from rnntool.formats.rundir import Run, require_command
from rnntool.inspection.explain_settings import UnitsSettings
from rnntool.inspection.layer_states import VECTORS, LayerStates, open_layers
from rnntool.inspection.probe_data import Asked, at_most, features, read_asked, split
from rnntool.inspection.unit_names import UnitName, parse_unit
from rnntool.inspection.unit_scores import (
    Bools,
    Floats,
    Ranks,
    areas,
    best_threshold,
    rank_correlations,
    ranks,
)
from rnntool.inspection.unit_text import UnitText, read_text
from rnntool.reporting import Reporter
from rnntool.runs.metrics import Table
from rnntool.runs.open import open_run
from rnntool.text.vocabulary import UNK

AUC, RHO = "AUC", "ρ"
TEXTS, WORDS, TOKENS = "texts", "words", "tokens"


@dataclass(frozen=True)
class Following:
    """A unit that follows a label or a property."""

    what: str
    unit: UnitName
    sign: str  # + where the unit is larger with the label or property; - where it is smaller
    measure: str  # AUC for yes and no; Spearman's ρ for numbers
    chosen: float  # absolute value on the data used for choosing
    scored: float  # value on the other data, with the same sign
    threshold: float | None = None  # the most accurate one; for yes and no
    accuracy: float | None = None  # accuracy of this threshold on the other data
    majority: float | None = None  # the accuracy of always predicting the more frequent value


@dataclass(frozen=True)
class Found:
    """The best units for each label or property."""

    of: str  # texts, words or tokens
    chosen_on: int
    scored_on: int
    rows: list[Following]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        rows = [{**asdict(row), "unit": str(row.unit)} for row in self.rows]
        return {**asdict(self), "rows": rows}

    def table(self) -> Table:
        """A row for each label or property and unit."""
        columns = [f"{self.chosen_on:,} + {self.scored_on:,} {self.of}", "unit", "sign", "measure",
                   "chosen on", "scored on", "threshold", "accuracy", "majority"]  # fmt: skip
        rows = []
        for row in self.rows:
            more = [row.threshold, row.accuracy, row.majority]
            shown = ["" if value is None else f"{value:.4f}" for value in more]
            rows.append([row.what, str(row.unit), row.sign, row.measure, row.chosen, row.scored,
                         *shown])  # fmt: skip
        return columns, rows


class _Layers:
    """For each layer [M, U] values, and their ranks for each unit."""

    def __init__(self, values: list[Any]) -> None:
        self.values, self.ranks = values, [ranks(layer) for layer in values]


class Units:
    """A run whose units are examined.

    Raises:
        UserError: the run cannot be used, or has no recurrent layer.
    """

    def __init__(self, path: str, settings: UnitsSettings, report: Reporter) -> None:
        self.run: Run = require_command(open_run(path), "units")
        self.run.note(report)
        self.settings, self.report = settings, report
        self._texts: dict[str, UnitText] = {}
        self.states: LayerStates = open_layers(self.run, "cpu")
        self.first = int(
            VECTORS in self.states.names
        )  # skips the token vectors, which are not units

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.path.resolve().name

    def find(self, data: str) -> Found:
        """The units that follow the labels of a file, or the properties of a text.

        Raises:
            UserError: the data cannot be used.
        """
        of = self._of(data)
        if of == TOKENS:
            return self._of_tokens(data)
        if self.settings.properties:
            raise UserError("--property gives a value for each token of a text", where=data,
                            hint="give --of tokens")  # fmt: skip
        return self._of_labels(data, of)

    def _of(self, data: str) -> str:
        """What the units are compared with, if the user does not say it."""
        if self.settings.of != "auto":
            return self.settings.of
        if data == STREAM:
            return TOKENS
        if data.endswith((".conllu", ".conll")):
            return WORDS
        options = CorpusOptions(self.settings.format, self.settings.text_column,
                                self.settings.label_column, self.settings.encoding)  # fmt: skip
        with open_corpus(data, options) as corpus:
            return TOKENS if corpus.layout.label is None else TEXTS

    def _of_labels(self, data: str, of: str) -> Found:
        if data == STREAM and self.settings.html is not None:
            raise UserError("is read once, and the page needs its text again",
                            where=name_of(data), hint="give a file")  # fmt: skip
        probing, mode = self.settings.probing(of), self.settings.errors
        chosen = read_asked(data, self.run, probing, self.report, mode)
        if self.settings.test is not None:
            scored = read_asked(self.settings.test, self.run, probing, self.report, mode)
        elif len(chosen.texts) < 2:
            raise UserError("holds a single text: nothing to score on", where=data,
                            hint="give --test")  # fmt: skip
        else:
            chosen, scored = split(chosen, 0.5, self.settings.seed)
        chosen, scored = (
            at_most(part, self.settings.limit, self.settings.seed) for part in (chosen, scored)
        )
        labels = sorted(set(chosen.every_label().tolist()))
        ours, theirs = _Layers(self._features(chosen)), _Layers(self._features(scored))
        of_ours, of_theirs = chosen.every_label(), scored.every_label()
        rows = [
            row for label in labels
            for row in self._best(label, ours, theirs, of_ours == label, of_theirs == label)
        ]  # fmt: skip
        if not rows:
            raise UserError("has one label only: there is nothing to follow", where=data)
        return Found(of, len(of_ours), len(of_theirs), rows)

    def _features(self, asked: Asked) -> list[Any]:
        return features(asked, self.states, self.settings.pool)[self.first :]

    def _of_tokens(self, data: str) -> Found:
        text = self.read(data)
        if self.settings.test is not None:
            raise UserError("--test is for labelled files; a text is halved", where=data,
                            hint="leave out --test")  # fmt: skip
        first, second = text.halves(self.settings.seed)
        ours, theirs = (_Layers(self.activations(text, half)) for half in (first, second))
        rows: list[Following] = []
        for own in text.properties(self.settings.properties):
            a, b = (np.concatenate([own.lines[n] for n in half]) for half in (first, second))
            kind = (a > 0, b > 0) if own.yes_or_no else (a, b)
            found = list(self._best(own.name, ours, theirs, *kind))
            if not found:
                self.report.note(f"{own.name}: the same for all tokens of a half, so left out")
            rows += found
        if not rows:
            raise UserError("no property changes in the text: there is nothing to follow",
                            where=data, hint="give more text")  # fmt: skip
        return Found(TOKENS, len(ours.values[0]), len(theirs.values[0]), rows)

    def read(self, data: str) -> UnitText:
        """A text split as the run does, up to `--limit` tokens; it is read once.

        Raises:
            UserError: it cannot be used, or has no token.
        """
        if data not in self._texts:
            self._texts[data] = read_text(data, self.run, self.settings, self.report)
        return self._texts[data]

    def activations(self, text: UnitText, lines: Sequence[int]) -> list[Any]:
        """For each layer [M, U] states after each token of the lines."""
        return text.states(self.states, lines)[self.first :]

    def values(self, data: str, unit: str) -> tuple[list[list[str]], list[list[float]], bool]:
        """The lines of a text, a unit's value after each token, and whether tokens are characters.

        Raises:
            UserError: there is no such unit, or the text cannot be used.
        """
        name = self.unit(unit)
        text = self.read(data)
        layer = self.activations(text, range(len(text.lines)))[name.layer - 1]
        ends = np.cumsum([len(line) for line in text.lines])[:-1]
        each = np.split(layer[:, name.unit], ends)
        return text.lines, [own.tolist() for own in each], text.spelled

    def unit(self, text: str) -> UnitName:
        """The unit that a user named.

        Raises:
            UserError: there is no such unit.
        """
        widths = [layer.shape[1] for layer in self.states.read([[UNK]])[0][self.first :]]
        return parse_unit(text, widths)

    def _best(
        self, what: str, ours: _Layers, theirs: _Layers, a: Any, b: Any
    ) -> Iterator[Following]:
        """The units of all layers that follow a label or property best; none if it is constant.

        Args:
            ours, theirs: the data to choose on, and to score on.
            a, b: [M] the label or property there: booleans, or numbers.
        """
        if a.min() == a.max() or b.min() == b.max():
            return
        yes_or_no = a.dtype == np.bool_
        signed = [_signed(ranked, a, yes_or_no) for ranked in ours.ranks]
        every = [(-abs(value), n, unit, value) for n, layer in enumerate(signed)
                 for unit, value in enumerate(layer.tolist())]  # fmt: skip
        for size, n, unit, value in sorted(every)[: self.settings.top]:
            sign = -1 if value < 0 else 1
            ranked = theirs.ranks[n][:, [unit]]
            half, other = 0.5 * yes_or_no, sign * float(_signed(ranked, b, yes_or_no)[0])
            name, measure = UnitName(n + 1, unit), AUC if yes_or_no else RHO
            row = Following(what, name, "+-"[sign < 0], measure, half - size, half + other)
            values = (ours.values[n][:, unit], theirs.values[n][:, unit])
            yield _with_threshold(row, *values, a, b)


def _signed(ranked: Ranks, target: Any, yes_or_no: bool) -> Floats:
    """[U] area minus 0.5, or ρ; 0 means no relation."""
    return areas(ranked, target) - 0.5 if yes_or_no else rank_correlations(ranked, target)


def _with_threshold(
    row: Following, ours: Any, theirs: Any, a: Bools | Floats, b: Bools | Floats
) -> Following:
    if a.dtype != np.bool_:
        return row
    cut = best_threshold(ours, a.astype(bool), row.sign == "+")
    yes = float(b.mean()) if a.mean() > 0.5 else 1 - float(b.mean())
    accuracy = cut.accuracy(theirs, b.astype(bool))
    return Following(**{**vars(row), "threshold": cut.value, "accuracy": accuracy, "majority": yes})
