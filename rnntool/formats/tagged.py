"""Sentences whose tokens have labels: CoNLL-U, columns, or one sentence per line.

conllu    ten columns, one token per line, a blank line after a sentence, `#` comments
columns   token TAB … TAB tag, one token per line, a blank line between sentences
lines     plain text, one sentence per line, tokens separated by white space; no tags
table     a TSV with a header and columns `tokens` and `tags` with the same number of words

A sentence keeps the lines it was read from, so it can be written again with other tags.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rnntool.errors import UserError, one_of
from rnntool.formats.reading import Undecodable, name_of, read_lines

FORMATS = ("auto", "conllu", "columns", "table", "lines")
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


@dataclass(frozen=True)
class TaggedOptions:
    """What a user may have to specify about a file's format."""

    format: str = "auto"
    token_column: str | None = None  # a name, or a number from 1
    tag_column: str | None = None
    encoding: str = "utf-8"
    allow_empty: bool = False  # for streams: no sentences is not an error
    errors: Undecodable = field(default_factory=Undecodable)  # lines in another encoding


@dataclass
class Sentence:
    """One sentence."""

    line: int  # of its first token, for messages
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)  # empty where the file has none
    rows: list[list[str]] = field(default_factory=list)  # every line's fields, comments too
    places: list[int] = field(default_factory=list)  # the row of each token
    column: int | None = None  # the tag's column; None: after the token


def read_tagged(path: str, options: TaggedOptions, *, tags: bool = True) -> Iterator[Sentence]:
    """The sentences of a file or of standard input, as a stream.

    Args:
        tags: whether tags are needed; without them, plain lines of text are allowed too.

    Raises:
        UserError: the file cannot be read or is empty; a row lacks its token or tag; a table's row
            has different numbers of tokens and tags.
    """
    name = name_of(path)
    lines = read_lines(path, options.encoding, options.errors)
    first = next(lines, None)
    if first is None and options.allow_empty:
        return
    if first is None:
        raise UserError("is empty", where=name)
    lines = itertools.chain([first], lines)
    form = options.format if options.format != "auto" else _guess(first[1], tags)
    if form == "lines" and tags:
        raise UserError("has plain lines without tags", where=name,
                        hint="write one `token TAB tag` per line, or CoNLL-U")  # fmt: skip
    readers = {"conllu": _conllu, "columns": _columns, "table": _table, "lines": _plain}
    count = 0
    for sentence in readers[form](lines, name, options, tags):
        count += 1
        yield sentence
    if not count and not options.allow_empty:
        raise UserError("contains no sentence", where=name)


def format_tagged(sentence: Sentence, tags: list[str], sure: list[float] | None = None) -> str:
    """The sentence with these tags, in the format of its file, including the blank line.

    Args:
        sure: each tag's probability, appended to the row; in CoNLL-U as `Prob=` in MISC.
    """
    if sentence.column is None:
        rows = [list(pair) for pair in zip(sentence.tokens, tags, strict=True)]
        places: Sequence[int] = range(len(rows))
    else:
        rows, places = [list(row) for row in sentence.rows], sentence.places
        for place, tag in zip(places, tags, strict=True):
            row = rows[place]
            row.extend([""] * (sentence.column + 1 - len(row)))
            row[sentence.column] = tag
    for place, probability in zip(places, sure or (), strict=False):
        _add_probability(rows[place], probability)
    return "".join("\t".join(row) + "\n" for row in rows) + "\n"


def _add_probability(row: list[str], probability: float) -> None:
    if len(row) != len(_CONLLU):
        row.append(f"{probability:.6f}")
        return
    noted = "" if row[-1] in ("", "_") else row[-1] + "|"
    row[-1] = f"{noted}Prob={probability:.6f}"


def _guess(first: str, tags: bool) -> str:
    fields = first.split("\t")
    if first.startswith("#") or (len(fields) == len(_CONLLU) and fields[0][:1].isdigit()):
        return "conllu"
    if len(fields) > 1 and {"tokens", "tags"} <= set(fields):
        return "table"
    return "columns" if len(fields) > 1 or tags else "lines"


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Lines between blank lines."""
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _conllu(
    lines: Iterable[tuple[int, str]], name: str, options: TaggedOptions, tags: bool
) -> Iterator[Sentence]:
    token_at = _column(options.token_column or "form", _CONLLU, "--token-column")
    tag_at = _column(options.tag_column or "upos", _CONLLU, "--tag-column")
    for block in _blocks(lines):
        sentence = Sentence(block[0][0], column=tag_at)
        for number, line in block:
            fields = line.split("\t")
            sentence.rows.append(fields)
            # 3-4 is a word of two tokens, 3.1 an empty node: neither is a token.
            if line.startswith("#") or "-" in fields[0] or "." in fields[0]:
                continue
            if len(fields) != len(_CONLLU):
                raise UserError(f"{len(fields)} columns where CoNLL-U has 10",
                                where=f"{name}:{number}")  # fmt: skip
            _take(sentence, fields, token_at, tag_at, f"{name}:{number}", tags)
        if sentence.tokens:
            yield sentence


def _columns(
    lines: Iterable[tuple[int, str]], name: str, options: TaggedOptions, tags: bool
) -> Iterator[Sentence]:
    for block in _blocks(lines):
        width = len(block[0][1].split("\t"))
        names = tuple(str(n + 1) for n in range(width))
        token_at = _column(options.token_column or "1", names, "--token-column")
        tag_at = None
        if options.tag_column is not None or width > 1:
            tag_at = _column(options.tag_column or str(width), names, "--tag-column")
        elif tags:
            raise UserError("has a token without a tag", where=f"{name}:{block[0][0]}",
                            hint="write token TAB tag")  # fmt: skip
        sentence = Sentence(block[0][0], column=tag_at)
        for number, line in block:
            fields = line.split("\t")
            if len(fields) != width:
                raise UserError(
                    f"{len(fields)} columns, but {width} in the sentence's first line",
                    where=f"{name}:{number}",
                )
            sentence.rows.append(fields)
            _take(sentence, fields, token_at, tag_at, f"{name}:{number}", tags)
        yield sentence


def _take(
    sentence: Sentence, fields: list[str], token_at: int, tag_at: int | None, where: str, tags: bool
) -> None:
    if not fields[token_at].strip():
        raise UserError("the token is empty", where=where)
    sentence.places.append(len(sentence.rows) - 1)
    sentence.tokens.append(fields[token_at])
    if tags and tag_at is not None:
        if not fields[tag_at].strip():
            raise UserError(f"{fields[token_at]!r} has no tag", where=where)
        sentence.tags.append(fields[tag_at])


def _table(
    lines: Iterable[tuple[int, str]], name: str, options: TaggedOptions, tags: bool
) -> Iterator[Sentence]:
    numbered = iter(lines)
    header = next(numbered)[1].split("\t")
    token_at = _column(options.token_column or "tokens", tuple(header), "--token-column")
    tag_at = _column(options.tag_column or "tags", tuple(header), "--tag-column")
    for number, line in numbered:
        fields = line.split("\t")
        where = f"{name}:{number}"
        if len(fields) != len(header):
            raise UserError(f"{len(fields)} columns, the header has {len(header)}", where=where)
        tokens, own = fields[token_at].split(), fields[tag_at].split() if tags else []
        if tags and len(tokens) != len(own):
            raise UserError(f"{len(tokens)} tokens, but {len(own)} tags", where=where)
        if tokens:
            yield Sentence(number, tokens, own)


def _plain(
    lines: Iterable[tuple[int, str]], name: str, options: TaggedOptions, tags: bool
) -> Iterator[Sentence]:
    for number, line in lines:
        yield Sentence(number, line.split())


def _column(wanted: str, names: tuple[str, ...], flag: str) -> int:
    """The index of a column given by name or by number from 1."""
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise UserError(f"{flag}: no column {wanted!r}", hint=one_of(wanted, names))
