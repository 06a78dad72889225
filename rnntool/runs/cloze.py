"""Texts with a gap, and how probable a model finds what may stand there.

Three views of a choice c = c₁ … c_k between the texts `before` and `after` it, in nats:

    forward(c)  = Σ ln p→(c_i | before, c₁ … c_{i−1})
    backward(c) = Σ ln p←(c_i | c_{i+1} … c_k, after)
    both(c)     = forward(c) + backward(c) − ln p(c)

The last is Bayes' rule, p(c | before, after) ∝ p(c | before) p(c | after) / p(c), which holds where
the two texts depend on one another through c alone. p(c) is the choice without its context: c₁'s
share of the training text, times p→(c_i | c₁ … c_{i−1}) of the tokens after it.

Shapes: V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, Row, open_corpus
from rnntool.text.gap import Filled, split_gap

Floats = NDArray[np.float64]
FORWARD, BACKWARD, BOTH = "forward", "backward", "both"


class Filler(Protocol):
    """A language model that fills gaps."""

    views: tuple[str, ...]  # of those above, the ones that it has

    def choices(self, filled: Sequence[Filled]) -> list[dict[str, float]]:
        """Of each choice its nats by view."""

    def words(self, before: list[str], after: list[str]) -> dict[str, Floats]:
        """[V] of every token in the gap, its nats by view (not normalised)."""


@dataclass(frozen=True)
class Gap:
    """A text with a gap, as it was given."""

    where: str  # for messages
    text: str
    before: str
    after: str
    choices: tuple[str, ...] = ()  # none: any word
    answer: str | None = None


@dataclass(frozen=True)
class Candidate:
    """What may stand in a gap."""

    text: str
    tokens: list[str]
    unknown: list[str]  # those of its tokens that the model has not seen
    nats: Mapping[str, float]  # by view
    shares: Mapping[str, float]  # by view: of the candidates together


@dataclass(frozen=True)
class Filling:
    """A gap and its candidates, by the last view the likeliest first."""

    gap: Gap
    views: tuple[str, ...]
    candidates: list[Candidate]

    def best(self, view: str) -> Candidate:
        """The view's likeliest."""
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
    """Candidates with their shares, by the last view the likeliest first.

    Args:
        known: holds the tokens that the model has seen.
    """
    views = list(nats[0])
    shares = {view: _shares([own[view] for own in nats]) for view in views}
    found = [
        Candidate(name, f.own, [t for t in f.own if t not in known], own,
                  {view: shares[view][n] for view in views})
        for n, (name, f, own) in enumerate(zip(names, filled, nats, strict=True))
    ]  # fmt: skip
    return sorted(found, key=lambda candidate: -candidate.nats[views[-1]])


def _shares(nats: list[float]) -> list[float]:
    most = max(nats)
    weights = [math.exp(value - most) for value in nats]
    return [weight / sum(weights) for weight in weights]


def parse_choices(text: str, where: str) -> tuple[str, ...]:
    """The choices between commas.

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
    """The texts of a file: a line each, or a table's, with columns `choices` and `answer` or not.

    Args:
        choices: for texts that have none of their own.

    Raises:
        UserError: a text has no gap or several, or its answer is none of its choices.
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
