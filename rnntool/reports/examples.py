"""What a model gets wrong or finds surprising, with its tokens coloured.

Shapes: N documents or tokens, C classes, T tokens of a text.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.corpus import split_tokens
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence
from rnntool.inspection.attribution import Explainer
from rnntool.inspection.token_colours import as_html, full_colour
from rnntool.pages import safe
from rnntool.reporting import Reporter
from rnntool.reports.report_settings import ReportSettings
from rnntool.runs.metrics import Floats, Ints
from rnntool.tables import visible

if TYPE_CHECKING:
    from rnntool.tasks.classify.evaluate import Rows

_TOKENS = 80  # tokens of a text that are not folded: around a tag, or from its beginning
_MOST = 2_000  # tokens of a text that is explained; a path's gradients take time and memory
_LINES = 2_000  # number of lines searched for the most surprising ones
_LEAST = 4  # tokens of a line; shorter lines are always surprising


@dataclass(frozen=True)
class Example:
    """One text of a report."""

    where: str
    facts: list[tuple[str, str]]
    tokens: Any  # Markup


def class_errors(
    run: Run, rows: Rows, probabilities: Floats, truth: Ints, most: int, report: Reporter
) -> list[Example]:
    """The most confident errors of a classifier; colours are contributions to the answer."""
    colours = _Colours(run, report)
    found = []
    for row, confidence, answer in _surest_errors(probabilities, truth, most):
        tokens = split_tokens(rows.tokens[row])
        facts = [("true", run.labels[truth[row]]), ("answer", run.labels[answer]),
                 ("p", f"{confidence:.4f}")]  # fmt: skip
        shown = colours.of(tokens, run.labels[answer]) if tokens else safe("(no token)")
        found.append(Example(f"line {rows.lines[row]:,}", facts, shown))
    return found


def tag_errors(
    run: Run, sentences: list[Sentence], probabilities: Floats, truth: Ints, most: int,
    report: Reporter,
) -> list[Example]:  # fmt: skip
    """The most confident errors of a tagger, each token in its sentence."""
    starts = np.cumsum([0, *(len(s.tokens) for s in sentences)])
    colours = _Colours(run, report)
    found = []
    for n, confidence, answer in _surest_errors(probabilities, truth, most):
        owner = int(np.searchsorted(starts, n, side="right")) - 1
        sentence, place = sentences[owner], n - int(starts[owner])
        facts = [("token", sentence.tokens[place]), ("true", run.labels[truth[n]]),
                 ("answer", run.labels[answer]), ("p", f"{confidence:.4f}")]  # fmt: skip
        shown = colours.of(sentence.tokens, run.labels[answer], place)
        found.append(Example(f"line {sentence.line + place:,}", facts, shown))
    return found


def _surest_errors(
    probabilities: Floats, truth: Ints, most: int
) -> Iterator[tuple[int, float, int]]:
    """Row, confidence and answer of the errors, most confident first."""
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != truth)
    for row in wrong[np.argsort(-confidence[wrong], kind="stable")][:most].tolist():
        yield row, float(confidence[row]), int(answers[row])


class _Colours:
    """Tokens coloured by their contributions to an answer, by integrated gradients."""

    def __init__(self, run: Run, report: Reporter) -> None:
        self.explainer: Explainer | None = None
        try:
            self.explainer = Explainer(run)
        except UserError as error:
            report.note(f"tokens are not coloured: {error}")

    def of(self, tokens: list[str], label: str, place: int | None = None) -> Any:
        """The markup of tokens; without colours if the answer cannot be explained."""
        if self.explainer is None:
            return _marked(tokens, None, "", place)
        tokens = self.explainer.read(tokens)
        if len(tokens) <= _MOST:
            shares = self.explainer.shares(tokens, label, place)
            return _marked(tokens, shares, " nats for the answer", place)
        first = _first(place)
        near = None if place is None else place - first
        plain = _marked(tokens[first : first + _TOKENS], None, "", near)
        return safe(f"<small>{len(tokens):,} tokens, too many to explain:</small> ") + plain


def _first(place: int | None) -> int:
    """The first token that is shown."""
    return max(0, (place or 0) - _TOKENS // 2)


def _marked(
    tokens: list[str], values: list[float] | None, unit: str, place: int | None = None
) -> Any:
    """The tokens, coloured if they have values; the one at `place` is underlined.

    Those far from it are folded.
    """
    if values is None:
        spans = [html.escape(visible(token)) for token in tokens]
    else:
        full = full_colour(values)
        spans = [as_html([t], [v], full, unit=unit) for t, v in zip(tokens, values, strict=True)]
    if place is not None:
        spans[place] = f"<u>{spans[place]}</u>"
    first = _first(place)
    before, shown, after = spans[:first], spans[first:][:_TOKENS], spans[first + _TOKENS :]
    parts = [_folded(before, "before"), " ".join(shown), _folded(after, "after")]
    return safe(" ".join(filter(None, parts)))


def _folded(spans: list[str], where: str) -> str:
    if not spans:
        return ""
    summary = f"{len(spans):,} tokens {where}"
    return f"<details><summary>{summary}</summary>{' '.join(spans)}</details>"


def surprising_lines(
    run: Run, data: str, settings: ReportSettings, report: Reporter
) -> list[Example]:
    """The lines with the lowest mean log-probability per token; colours are each token's -ln p."""
    from rnntool.tasks.lm.scorer import open_scorer
    from rnntool.tasks.lm.text import numbered_text

    with numbered_text(run, [data], settings, report, documents=True) as text:
        starts, stops = (own[:_LINES] for own in text.spans)
        scorer = open_scorer(run, int((stops - starts).sum()), settings, report)
        lines = dict(scorer.documents(text.ids, starts, stops))
        surprise = {n: -float(own.mean()) for n, own in lines.items() if len(own) > _LEAST}
        worst = sorted(surprise, key=lambda n: -surprise[n])
        found = []
        for n in itertools.islice(worst, settings.errors):
            ids = text.ids.read(int(starts[n]) + 1, int(stops[n]) + 1)[:_MOST]
            values = (-lines[n][:_MOST]).tolist()
            shown = _marked(run.vocabulary.decode(ids.tolist()), values, " nats of surprise")
            facts = [("nats a token", f"{surprise[n]:.2f}")]
            found.append(Example(f"text {n + 1:,}", facts, shown))
    return found
