"""Texts with a gap, and the probabilities of choices for it.

Three views of a choice c = c₁ … c_k between the texts `before` and `after` it, in nats:

    forward(c)  = Σ ln p→(c_i | before, c₁ … c_{i−1})
    backward(c) = Σ ln p←(c_i | c_{i+1} … c_k, after)
    both(c)     = forward(c) + backward(c) − ln p(c)

The last is Bayes' rule, p(c | before, after) ∝ p(c | before) p(c | after) / p(c), which holds if
the two texts are independent given c. p(c) is the choice without its context: the frequency of c₁
in the training text, times p→(c_i | c₁ … c_{i−1}) for the tokens after it.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.softmax import softmax
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, Row, open_corpus
from rnntool.text.gap import Filled, split_gap

Floats = NDArray[np.float64]
FORWARD, BACKWARD, BOTH = "forward", "backward", "both"


class Filler(Protocol):
    """A language model that fills gaps."""

    views: tuple[str, ...]  # the views above that it can compute

    def choices(self, filled: Sequence[Filled]) -> list[dict[str, float]]:
        """For each choice, its log-probability in nats by view."""

    def words(self, before: list[str], after: list[str]) -> dict[str, Floats]:
        """For each view, [V] log-probabilities of all tokens in the gap (not normalised)."""


@dataclass(frozen=True)
class Gap:
    """A text with a gap, as in the input."""

    where: str  # for messages
    text: str
    before: str
    after: str
    choices: tuple[str, ...] = ()  # empty: any word
    answer: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A choice for a gap."""

    text: str
    tokens: list[str]
    unknown: list[str]  # its tokens that the model does not know
    nats: Mapping[str, float]  # by view
    shares: Mapping[str, float]  # by view: probability among the candidates


@dataclass(frozen=True)
class Filling:
    """A gap and its candidates, likeliest first by the last view."""

    gap: Gap
    views: tuple[str, ...]
    candidates: list[Candidate]

    def best(self, view: str) -> Candidate:
        """The likeliest candidate by a view."""
        return max(self.candidates, key=lambda candidate: candidate.nats[view])

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        best = {view: self.best(view).text for view in self.views}
        rows = [{**vars(c), "nats": dict(c.nats), "shares": dict(c.shares)}
                for c in self.candidates]  # fmt: skip
        return {"text": self.gap.text, "answer": self.gap.answer, "best": best, "choices": rows}


def weighed(
    names: Sequence[str], filled: Sequence[Filled], nats: list[dict[str, float]], known: Any
) -> list[Candidate]:
    """Candidates with their shares, likeliest first by the last view.

    Args:
        known: contains the tokens that the model knows.
    """
    views = list(nats[0])
    shares = {view: softmax(np.array([own[view] for own in nats])).tolist() for view in views}
    found = [
        Candidate(name, f.own, [t for t in f.own if t not in known], own,
                  {view: shares[view][n] for view in views})
        for n, (name, f, own) in enumerate(zip(names, filled, nats, strict=True))
    ]  # fmt: skip
    return sorted(found, key=lambda candidate: -candidate.nats[views[-1]])


def parse_choices(text: str, where: str) -> tuple[str, ...]:
    """The choices in a comma-separated list.

    Raises:
        UserError: there are fewer than two, or one is empty.
    """
    choices = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if len(choices) < 2 or "" in choices:
        raise UserError(f"{text!r} is no list of choices", where=where,
                        hint="give two or more, between commas")  # fmt: skip
    return choices


def read_gaps(
    source: str, choices: tuple[str, ...], options: CorpusOptions | None = None
) -> Iterator[Gap]:
    """The texts of a file: one per line, or a table with optional columns `choices`, `answer`.

    Args:
        choices: for texts without a column of choices.

    Raises:
        UserError: a text has no gap or several, or its answer is not one of its choices.
    """
    own = options or CorpusOptions()
    with open_corpus(source, own) as corpus:
        columns = {name: n for n, name in enumerate(corpus.layout.columns)}
        for row in corpus:
            where = f"{corpus.name}:{row.line}"
            listed = _column(row, columns, "choices")
            allowed = parse_choices(listed, where) if listed else choices
            answer = _column(row, columns, "answer") or None
            if answer is not None and answer not in allowed:
                raise UserError(f"answer {answer!r} is not one of the choices", where=where,
                                hint=f"choices: {', '.join(allowed) or 'none'}")  # fmt: skip
            yield Gap(where, row.text, *split_gap(row.text, where), allowed, answer)


def _column(row: Row, columns: Mapping[str, int], name: str) -> str:
    return row.fields[columns[name]].strip() if name in columns else ""
