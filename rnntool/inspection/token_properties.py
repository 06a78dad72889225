"""Properties of a token that follow from the text alone: its position and its kind.

Shapes: T tokens of a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.fields import finite_number
from rnntool.formats.reading import name_of, read_lines
from rnntool.text.tokens import SPACE

Values = NDArray[np.float64]
_QUOTES = {"“": "”", "‘": "’", "「": "」", "『": "』", "«": "»", "《": "》"}
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">", "【": "】", "（": "）"}


class Property(NamedTuple):
    """A value for each token: yes or no (1 or 0), or a number."""

    name: str
    yes_or_no: bool
    lines: list[Values]  # [T] for each line


def built_in(lines: Sequence[Sequence[str]], spelled: bool) -> list[Property]:
    """The properties that every text has.

    Args:
        spelled: the tokens are characters, and a space is one of them.
    """
    yes_or_no: dict[str, Callable[[Sequence[str]], list[int]]] = {
        "inside quotation marks": _inside_quotes,
        "inside brackets": lambda line: _inside(line, _BRACKETS),
        "digit": lambda line: [any(c.isdigit() for c in token) for token in line],
        "punctuation": lambda line: [_is_punctuation(token) for token in line],
    }
    numbers: dict[str, Callable[[Sequence[str]], list[int]]] = {
        "position in the line": lambda line: list(range(len(line))),
    }
    if spelled:
        yes_or_no["after a space"] = lambda line: [t > 0 and line[t - 1] == SPACE
                                                   for t in range(len(line))]  # fmt: skip
        numbers["length of the word so far"] = _length_so_far
    else:
        numbers["length of the token"] = lambda line: [len(token) for token in line]
    return [
        Property(name, own is yes_or_no, [np.array(of(line), dtype=np.float64) for line in lines])
        for own in (yes_or_no, numbers) for name, of in own.items()
    ]  # fmt: skip


def read_property(path: str, lines: Sequence[Sequence[str]]) -> Property:
    """A user's property: for each line of the text, a line with one number per token.

    Raises:
        UserError: the file cannot be read, its lines or the values in a line differ in number from
            the text's lines and tokens, or a value is not a number.
    """
    found: list[Values] = []
    name, stem = name_of(path), name_of(path).rpartition("/")[2].partition(".")[0]
    for number, text in read_lines(path):
        fields = text.split()
        if len(found) == len(lines):
            break  # the text was read up to --limit
        if len(fields) != len(lines[len(found)]):
            raise UserError(
                f"{len(fields)} values, but the line of the text has {len(lines[len(found)])}"
                " tokens", where=f"{name}:{number}", hint="give a value for each token",
            )  # fmt: skip
        values = [finite_number(field) for field in fields]
        if None in values:
            wrong = fields[values.index(None)]
            raise UserError(f"{wrong!r} is no number", where=f"{name}:{number}")
        found.append(np.array(values, dtype=np.float64))
    if len(found) < len(lines):
        raise UserError(f"has {len(found):,} lines, but the text has {len(lines):,}", where=name,
                        hint="give a line of values for each line of the text")  # fmt: skip
    every = np.concatenate(found) if found else np.zeros(0)
    return Property(stem, bool(np.isin(every, (0, 1)).all()), found)


def _is_punctuation(token: str) -> bool:
    return token != SPACE and all(unicodedata.category(c).startswith("P") for c in token)


def _length_so_far(line: Sequence[str]) -> list[int]:
    """For each character, how many of its word have been read, including itself; 0 for a space."""
    found, length = [], 0
    for token in line:
        length = 0 if token == SPACE else length + 1
        found.append(length)
    return found


def _inside(line: Sequence[str], pairs: dict[str, str]) -> list[int]:
    """Whether a token is between an opening and a closing sign; the signs are not."""
    found, waiting = [], list[str]()
    for token in line:
        if waiting and token == waiting[-1]:
            waiting.pop()
        found.append(int(bool(waiting)))
        if token in pairs:
            waiting.append(pairs[token])
    return found


def _inside_quotes(line: Sequence[str]) -> list[int]:
    """Like `_inside`; straight double quotation marks open and close in turn."""
    plain, found = False, []
    for token, own in zip(line, _inside(line, _QUOTES), strict=True):
        plain = not plain if token == '"' else plain
        found.append(int(own or (plain and token != '"')))
    return found
