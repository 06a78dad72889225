"""A text with a gap and the choices for it, tokenized together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import NamedTuple

from rnntool.errors import UserError

GAP = "____"
_UNDERSCORES = re.compile("_{2,}")
Tokenize = Callable[[str], list[str]]


class Filled(NamedTuple):
    """A text with a choice in its gap: `tokens[start:stop]` belong to the choice."""

    tokens: list[str]
    start: int
    stop: int

    @property
    def own(self) -> list[str]:
        """The choice's tokens."""
        return self.tokens[self.start : self.stop]


def split_gap(text: str, where: str) -> tuple[str, str]:
    """The text before the gap and the text after it; two or more underscores are a gap.

    Raises:
        UserError: there is no gap, or there are several.
    """
    parts = _UNDERSCORES.split(text)
    if len(parts) != 2:
        found = "no gap" if len(parts) == 1 else f"{len(parts) - 1} gaps"
        raise UserError(f"has {found}", where=where, hint=f"write {GAP} once, where the gap is")
    return parts[0], parts[1]


def fill_gap(
    before: str, after: str, choices: Sequence[str], tokenize: Tokenize, where: str
) -> list[Filled]:
    """The text with each choice in its gap, split as a whole.

    A tokenizer may split the words next to a choice differently than without it. Tokens that differ
    for any choice count as part of every choice, so that all choices are compared between the same
    context tokens.

    Raises:
        UserError: a choice consists of no token.
    """
    texts = [tokenize(before + choice + after) for choice in choices]
    left, right = tokenize(before), tokenize(after)
    start = min(_common(left, text) for text in texts)
    behind = min(_common(right[::-1], text[start:][::-1]) for text in texts)
    filled = [Filled(text, start, len(text) - behind) for text in texts]
    for choice, own in zip(choices, filled, strict=True):
        if not own.own:
            raise UserError(f"choice {choice!r} has no token of its own in this text",
                            where=where, hint="give words that fit into the gap")  # fmt: skip
    return filled


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the common beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
