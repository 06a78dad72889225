"""Documents and their labels, one per row: the common reader of all formats.

    lines     one document per line, no labels
    tsv, csv  a table with a header
    fasttext  `__label__x text`
    jsonl     JSON lines
    parquet   a table with typed columns, through pyarrow
    folder    one folder of texts for each label

A tokens file has the same rows as its corpus, with the text column tokenized and a first line that
names the tokenizer. So one reader reads both, and no column is lost.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, BinaryIO, cast

from rnntool.errors import UserError, one_of
from rnntool.formats.compression import is_url, without_compression
from rnntool.formats.fasttext_rows import PREFIX, fasttext_layout, fasttext_rows
from rnntool.formats.header import parse_header
from rnntool.formats.json_rows import json_records, json_rows, parse_object
from rnntool.formats.reading import PARQUET, decode_lines, name_of, open_binary
from rnntool.formats.rows import (
    Corpus,
    CorpusOptions,
    Layout,
    Row,
    find_columns,
    split_tokens,
)
from rnntool.formats.table_rows import csv_records, csv_rows, tsv_rows
from rnntool.registry import FORMATS

__all__ = [
    "Corpus", "CorpusOptions", "Layout", "Row", "open_corpus", "read_corpus", "split_tokens",
]  # fmt: skip

_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
            **dict.fromkeys(PARQUET, "parquet")}  # fmt: skip
_IN_TOKENS = ("lines", "tsv", "csv", "fasttext", "jsonl")  # formats that tokens are written in
_Lines = Iterator[tuple[int, str]]


@contextmanager
def open_corpus(path: str, options: CorpusOptions | None = None) -> Iterator[Corpus]:
    """Open a corpus file, a folder of texts or `-` as a stream of rows.

    Raises:
        UserError: the file cannot be read, has no rows, lacks a named column; while iterating: a
            row has too few or too many columns, or a line is not text in the encoding.
    """
    options = options or CorpusOptions()
    _require_format(options.format, FORMATS, name_of(path))
    if options.format in ("auto", "folder") and os.path.isdir(path):
        from rnntool.formats.text_folder import folder_corpus

        yield folder_corpus(path, options)
        return
    with open_binary(path) as source:
        yield read_corpus(source, name_of(path), options)


def read_corpus(source: IO[bytes], name: str, options: CorpusOptions) -> Corpus:
    """Like `open_corpus`, for an open stream."""
    if options.format == "folder":
        raise UserError("is not a folder", where=name, hint="leave out --format folder")
    by_name = options.format if options.format != "auto" else _format_of_name(name)
    if by_name == "parquet":
        from rnntool.formats.parquet import parquet_corpus

        return parquet_corpus(cast(BinaryIO, source), name, options)
    lines = decode_lines(source, name, options.encoding, options.errors)
    first = next(lines, None)
    if first is None and options.allow_empty:
        return Corpus(name, Layout("lines"), iter(()))
    if first is None:
        raise UserError("is empty", where=name, hint="give a file with at least one document")
    header = parse_header(first[1], name)
    if header is None:
        return _open_body(name, Layout("lines"), itertools.chain([first], lines), options)
    if header.kind != "tokens":
        raise UserError(f"is a {header.kind} file, not text or tokens", where=name)
    tokenizer, model = header.values.get("tokenizer", "whitespace"), header.values.get("model")
    form = header.values.get("format", "lines")
    _require_format(form, _IN_TOKENS, name)
    declared = replace(
        options,
        format=form,
        text_column=options.text_column or header.values.get("text"),
        label_column=options.label_column or header.values.get("label"),
    )
    return _open_body(name, Layout("lines", tokenizer=tokenizer, model=model), lines, declared)


def _require_format(form: str, known: tuple[str, ...], name: str) -> None:
    if form not in known:
        raise UserError(f"unknown format {form!r}", where=name, hint=one_of(form, known))


def _open_body(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    """The rows after rnntool's first line, if there is one."""
    first = next(lines, None)
    if first is None and options.allow_empty:
        return Corpus(name, layout, iter(()))
    if first is None:  # a tokens file without documents: only a header
        raise UserError("contains no documents", where=name)
    form = options.format if options.format != "auto" else _guess_format(first[1], name, options)
    if form == "lines" and options.text_column and layout.tokenizer is None:
        raise UserError(
            f"has plain lines, so no column {options.text_column!r}",
            where=name,
            hint="a table needs a header line; --format tsv or csv says it is one",
        )
    layout = replace(layout, format=form)
    readers = {"lines": _plain, "tsv": _tsv, "csv": _csv, "fasttext": _fasttext, "jsonl": _jsonl}
    return readers[form](name, layout, itertools.chain([first], lines), options)


def _plain(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    return Corpus(name, layout, (Row(number, text, None, [text]) for number, text in lines))


def _tsv(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    columns = next(lines)[1].split("\t")
    layout = find_columns(name, layout, columns, options)
    return Corpus(name, layout, tsv_rows(name, layout, lines))


def _csv(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    records = csv_records(lines, name)
    _, columns = next(records)
    layout = find_columns(name, layout, columns, options)
    return Corpus(name, layout, csv_rows(name, layout, records))


def _fasttext(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    return Corpus(name, fasttext_layout(layout), fasttext_rows(lines))


def _jsonl(name: str, layout: Layout, lines: _Lines, options: CorpusOptions) -> Corpus:
    records = json_records(lines, name)
    first = next(records)
    layout = find_columns(name, layout, list(first[1]), options)
    return Corpus(name, layout, json_rows(name, layout, itertools.chain([first], records)))


def _format_of_name(name: str) -> str | None:
    """The format of a file by the end of its name; None if that does not tell."""
    stem = without_compression(name.split("?")[0] if is_url(name) else name)
    return _ENDINGS.get(os.path.splitext(stem)[1].lower())


def _guess_format(first: str, name: str, options: CorpusOptions) -> str:
    """The format by the end of the file's name; otherwise by the first line.

    A line with tabs and a known text column is a header, an object with such a field is a JSON
    line, and a label with fastText's prefix begins a line in fastText's format.
    """
    by_name = _format_of_name(name)
    if by_name is not None:
        return by_name
    if first.startswith(PREFIX):
        return "fasttext"
    if first.startswith("{") and _is_record(first, options):
        return "jsonl"
    by_tabs = first.split("\t")
    if len(by_tabs) > 1 and set(options.text_names) & set(by_tabs):
        return "tsv"
    if options.text_column is None:
        return "lines"
    return "tsv" if options.text_column in by_tabs or "," not in first else "csv"


def _is_record(line: str, options: CorpusOptions) -> bool:
    names = {options.text_column} if options.text_column else set(options.text_names)
    try:
        return bool(names & set(parse_object(line, "")))
    except UserError:
        return False
