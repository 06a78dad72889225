"""The YAML that rnntool writes itself, read without a YAML parser.

Importing one takes a tenth of the time of a one-line answer. Read here is a small part of YAML in
which nothing can mean two things; whatever is outside of it is left to the parser.
"""

from __future__ import annotations

import re
from typing import Any

_LINE = re.compile(r"(?P<indent> *)(?P<key>[a-z][a-z0-9_]*(?: [a-z0-9_]+)*):(?: (?P<value>\S.*))?")
_ITEM = re.compile(r"(?P<indent> *)- (?P<value>\S.*)")
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]{1,20}\.[0-9]{1,20}(?:e[+-][0-9]{1,3})?")
# Plain texts: words, names of tokenizers, hashes, versions, lists of numbers. None of them begins
# like anything else, or has a colon or a number sign with a space beside it.
_TEXT = re.compile(
    r"(?:[^\W\d_]|/)[\w./+,=()-]*(?::[\w./+,=()-]+)*(?: [\w./+,=()-]+)*"
    r"|(?!0b[01]*$)(?=[0-9]*[a-f])[0-9a-f]{64}"
    r"|[0-9]+\.[0-9]+\.[0-9]+[a-z0-9+.]*"
    r"|[0-9]+(?:,[0-9]+)+"
)
_QUOTED = re.compile(r"'([\w./+,=:() -]*)'")
# What a parser of YAML 1.1 reads as something else than the word (compared in lower case).
_OTHERS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
_INDENT = 2
_DEPTH = 8


class NotPlainError(ValueError):
    """The text is outside of what is read here."""


def parse_plain(text: str) -> dict[str, Any]:
    """The mapping that a text stands for.

    Raises:
        NotPlainError: a YAML parser is to read it; the text may be good YAML or none.
    """
    if not text.endswith("\n"):
        raise NotPlainError
    whole: dict[str, Any] = {}
    levels = [whole]  # the mappings that are open, each inside the one before it
    opened = False  # whether the last line named a mapping that has no key yet
    items: list[Any] | None = None  # the list that the last line belongs to
    for line in text.split("\n")[:-1]:
        item = _ITEM.fullmatch(line)
        if item is not None:
            if opened:  # it was a list that the last line named
                levels.pop()
                items, opened = [], False
                levels[-1][next(reversed(levels[-1]))] = items
            if items is None or len(item["indent"]) != _INDENT * (len(levels) - 1):
                raise NotPlainError
            items.append(_value(item["value"]))
            continue
        match, items = _LINE.fullmatch(line), None
        if match is None:
            raise NotPlainError
        depth, odd = divmod(len(match["indent"]), _INDENT)
        # Only a key without a value goes deeper, and only by one.
        if odd or depth >= len(levels) or (opened and depth != len(levels) - 1):
            raise NotPlainError
        del levels[depth + 1 :]
        if match["key"] in levels[-1] or match["key"] in _OTHERS:
            raise NotPlainError
        opened = match["value"] is None
        if opened:
            levels[-1][match["key"]] = {}
            levels.append(levels[-1][match["key"]])
            if len(levels) > _DEPTH:
                raise NotPlainError
        else:
            levels[-1][match["key"]] = _value(match["value"])
    if opened or not whole:
        raise NotPlainError  # a key without any value
    return whole


def _value(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text in ("[]", "{}"):
        return [] if text == "[]" else {}
    if _TEXT.fullmatch(text) and text.lower() not in _OTHERS:
        return text
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        raise NotPlainError
    return quoted[1]
