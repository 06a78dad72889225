"""Vocabulary files: `token TAB count`, a token a line, in the order of their numbers."""

from __future__ import annotations

from rnntool.errors import UserError
from rnntool.formats.header import format_header, parse_header
from rnntool.formats.reading import name_of, read_all_lines
from rnntool.formats.writing import write_text
from rnntool.text.vocabulary import SPECIALS, Vocabulary


def write_vocabulary(path: str, vocabulary: Vocabulary) -> None:
    """Write a vocabulary, whole or not at all.

    Raises:
        UserError: the place cannot be written.
    """
    values = {"tokenizer": vocabulary.tokenizer, "min_count": str(vocabulary.min_count)}
    with write_text(path) as sink:
        sink.write(format_header("vocab", values) + "\n")
        for token, count in zip(vocabulary.tokens, vocabulary.counts, strict=True):
            if not token or "\t" in token or "\n" in token:
                raise UserError(f"token {token!r} cannot stand in a vocabulary file", where=path)
            sink.write(f"{token}\t{count}\n")


def read_vocabulary(path: str) -> Vocabulary:
    """Read a vocabulary.

    Raises:
        UserError: it is not a vocabulary file, or a line of it is damaged, cut off or doubled.
    """
    name = name_of(path)
    first, *lines = read_all_lines(path) or [""]
    header = parse_header(first, name)
    if header is None or header.kind != "vocab":
        raise UserError(
            "is not a vocabulary file", where=name, hint="make one with rnntool build-vocab"
        )
    tokens = _counts(lines, name)
    if tuple(tokens)[: len(SPECIALS)] != SPECIALS:
        raise UserError(
            f"does not begin with the specials {' '.join(SPECIALS)}",
            where=name,
            hint="make it anew with rnntool build-vocab",
        )
    min_count = header.values.get("min_count", "1")
    return Vocabulary(
        tokens=tuple(tokens),
        counts=tuple(tokens.values()),
        tokenizer=header.values.get("tokenizer", "whitespace"),
        min_count=int(min_count) if min_count.isdecimal() else 1,
    )


def _counts(lines: list[str], name: str) -> dict[str, int]:
    """The tokens' counts in the order of the lines, which begin with the file's second.

    All lines are parsed at once, and looked at one by one only where something is wrong: `predict`
    reads a vocabulary before it answers, and its user waits.
    """
    pairs = [line.rpartition("\t") for line in lines]
    counts = {token: count for token, _, count in pairs}
    right = len(counts) == len(pairs) and "" not in counts
    if right and all(map(str.isdecimal, counts.values())):
        return dict(zip(counts, map(int, counts.values()), strict=True))
    seen: set[str] = set()
    for number, (token, tab, count) in enumerate(pairs, start=2):
        if not tab or not token or not count.isdecimal():
            line = lines[number - 2]
            raise UserError(f"not `token TAB count`: {line[:60]!r}", where=f"{name}:{number}")
        if token in seen:
            raise UserError(f"token {token!r} stands twice", where=f"{name}:{number}")
        seen.add(token)
    raise AssertionError("a wrong line was seen, and none is found")
