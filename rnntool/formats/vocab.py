"""Vocabulary files: `token TAB count`, one token per line, in the order of their numbers."""

from __future__ import annotations

import itertools
from typing import TypedDict

from rnntool.errors import UserError
from rnntool.formats.header import Header, format_header, parse_header
from rnntool.formats.reading import name_of, read_all_lines
from rnntool.formats.writing import write_text
from rnntool.text.vocabulary import SPECIALS, Vocabulary


class Origin(TypedDict):
    """What a vocabulary's first line says of its origin."""

    tokenizer: str
    min_count: int


def write_vocabulary(path: str, vocabulary: Vocabulary) -> None:
    """Write a vocabulary, completely or not at all.

    Raises:
        UserError: the place cannot be written.
    """
    values = {"tokenizer": vocabulary.tokenizer, "min_count": str(vocabulary.min_count)}
    with write_text(path) as sink:
        sink.write(format_header("vocab", values) + "\n")
        for token, count in zip(vocabulary.tokens, vocabulary.counts, strict=True):
            if not token or "\t" in token or "\n" in token:
                raise UserError(
                    f"token {token!r} cannot be written to a vocabulary file", where=path
                )
            sink.write(f"{token}\t{count}\n")


def read_vocabulary(path: str) -> Vocabulary:
    """Read a vocabulary.

    Raises:
        UserError: it is not a vocabulary file, or a line is damaged, cut off or a duplicate.
    """
    return parse_vocabulary(read_all_lines(path), name_of(path))


def parse_vocabulary(lines: list[str], name: str) -> Vocabulary:
    """The vocabulary in a file's lines; `name` is the file's name in error messages.

    Raises:
        UserError: as `read_vocabulary`.
    """
    first, *lines = lines or [""]
    header = origin_of(parse_header(first, name), name)
    tokens, counts = _columns(lines, name)
    if tuple(tokens[: len(SPECIALS)]) != SPECIALS:
        raise UserError(
            f"does not start with the special tokens {' '.join(SPECIALS)}",
            where=name,
            hint="make it again with rnntool build-vocab",
        )
    vocabulary = Vocabulary(tuple(tokens), tuple(map(int, counts)), **header)
    if len(vocabulary.ids) != len(tokens):
        raise _doubled(tokens, name)
    return vocabulary


def origin_of(header: Header | None, name: str) -> Origin:
    """The origin of a vocabulary, from its first line.

    Raises:
        UserError: the line is not a vocabulary's, or not one of rnntool's.
    """
    if header is None or header.kind != "vocab":
        raise UserError(
            "is not a vocabulary file", where=name, hint="make one with rnntool build-vocab"
        )
    min_count = header.values.get("min_count", "1")
    return {
        "tokenizer": header.values.get("tokenizer", "whitespace"),
        "min_count": int(min_count) if min_count.isdecimal() else 1,
    }


def _columns(lines: list[str], name: str) -> tuple[list[str], list[str]]:
    """The tokens and their counts, from the file's second line on.

    All lines are split at once, and checked one by one only if something is wrong: `predict` reads
    a vocabulary before it answers, so this must be fast.
    """
    parts = "\t".join(lines).split("\t") if lines else []
    tokens, counts = parts[::2], parts[1::2]
    parted = all(n == 1 for n in map(str.count, lines, itertools.repeat("\t")))
    if parted and all(tokens) and all(map(str.isdecimal, counts)):
        return tokens, counts
    for number, line in enumerate(lines, start=2):
        token, _, count = line.partition("\t")
        if not token or not count.isdecimal():
            raise UserError(f"not `token TAB count`: {line[:60]!r}", where=f"{name}:{number}")
    raise AssertionError("a wrong line was seen, and none is found")


def _doubled(tokens: list[str], name: str) -> UserError:
    """An error that names the first duplicate token."""
    seen: set[str] = set()
    for number, token in enumerate(tokens, start=2):
        if token in seen:
            return UserError(f"token {token!r} occurs twice", where=f"{name}:{number}")
        seen.add(token)
    raise AssertionError("tokens are fewer than lines, and none occurs twice")
