"""Words and punctuation apart, by a regular expression: for text in alphabets.

A word is letters, digits, `_` and the marks that combine with them, with a single apostrophe,
hyphen or full stop only between two of them (`don't`, `state-of-the-art`, `3.5`, `U.S`); every
other sign is a token by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

_INNER = r"['’ʼ\-‐.\u00b7]"  # a mark inside a word
_JOINERS = "\u200c\u200d"  # zero width, inside Persian and Indic words


def words_splitter() -> Callable[[str], list[str]]:
    """The function from a text to its words and signs."""
    return lambda text: _pattern(text.isascii()).findall(text)


@cache
def _pattern(ascii_only: bool) -> re.Pattern[str]:
    r"""The pattern of a word; `\w` lacks combining marks, which many scripts need inside words.

    To find all the marks takes longer than a one-line answer in ASCII, which has none of them.
    """
    one = r"\w" if ascii_only else rf"[\w{_marks()}{_JOINERS}]"
    return re.compile(rf"{one}+(?:{_INNER}{one}+)*|\S")


def _marks() -> str:
    """The combining characters as ranges of a character class."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x1FFFF):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)
