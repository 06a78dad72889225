"""Documents and their labels, a row each: plain lines, TSV or CSV; raw text or tokens.

A tokens file is the corpus it was made from, row by row, with the text column tokenized and a
first line that names the tokenizer. So one reader serves both, and nothing gets lost on the way.

TSV here has a header and no quoting (a `"` is a plain character, as in NSMC); CSV has a header and
quotes as RFC 4180 does, so a CSV document may hold line feeds.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, NamedTuple, TextIO

from rnntool.errors import UserError, one_of
from rnntool.formats.compression import without_compression
from rnntool.formats.header import format_header, parse_header
from rnntool.formats.reading import Undecodable, decode_lines, name_of, open_binary
from rnntool.formats.writing import write_text

TEXT_COLUMNS = ("document", "text", "review", "sentence", "content", "tokens")
LABEL_COLUMNS = ("label", "sentiment", "class", "category")
FORMATS = ("auto", "lines", "tsv", "csv")
_CSV_FIELD_LIMIT = 1 << 30  # characters; the csv module's own limit (128 KiB) is below a long text


class Row(NamedTuple):
    """One document."""

    line: int  # 1-based line number in the file, for messages
    text: str  # raw text, or tokens joined by one space
    label: str | None
    fields: list[str]  # every column as it was read


@dataclass(frozen=True)
class Layout:
    """How rows stand in a file."""

    format: str  # lines, tsv or csv
    columns: tuple[str, ...] = ()  # the header; empty for lines
    text: int = 0  # index of the text column
    label: int | None = None  # index of the label column, if there is one
    tokenizer: str | None = None  # identity of the tokenizer; None: raw text
    model: str | None = None  # path of the subword model the tokenizer used, if any

    def tokens(self, text: str) -> list[str]:
        """A row's tokens: between single spaces in a tokens file, between white space elsewhere."""
        return text.split() if self.tokenizer is None else split_tokens(text)

    def tokenized(self, tokenizer: str, model: str | None = None) -> Layout:
        """The layout of the tokens made from rows of this layout."""
        return replace(self, tokenizer=tokenizer, model=model)


@dataclass(frozen=True)
class CorpusOptions:
    """What a user may have to say about a file's form."""

    format: str = "auto"
    text_column: str | None = None
    label_column: str | None = None
    encoding: str = "utf-8"
    text_names: tuple[str, ...] = TEXT_COLUMNS  # what the columns are usually called
    label_names: tuple[str, ...] = LABEL_COLUMNS
    allow_empty: bool = False  # a stream of no rows is one, not a mistake
    errors: Undecodable = field(default_factory=Undecodable)  # lines in another encoding


class Corpus:
    """An open corpus: iterate for its rows, once."""

    def __init__(self, name: str, layout: Layout, rows: Iterator[Row]) -> None:
        self.name = name
        self.layout = layout
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows


@contextmanager
def open_corpus(path: str, options: CorpusOptions | None = None) -> Iterator[Corpus]:
    """Open a corpus file or `-` as a stream of rows.

    Raises:
        UserError: the file cannot be read, has no rows, lacks a named column; while iterating: a
            row has too few or too many columns, or a line is not text in the encoding.
    """
    with open_binary(path) as source:
        yield read_corpus(source, name_of(path), options or CorpusOptions())


def read_corpus(source: IO[bytes], name: str, options: CorpusOptions) -> Corpus:
    """`open_corpus` on an open stream."""
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
    declared = replace(options, format=header.values.get("format", "lines"))
    declared = replace(
        declared,
        text_column=declared.text_column or header.values.get("text"),
        label_column=declared.label_column or header.values.get("label"),
    )
    return _open_body(name, Layout("lines", tokenizer=tokenizer, model=model), lines, declared)


def _open_body(
    name: str, layout: Layout, lines: Iterator[tuple[int, str]], options: CorpusOptions
) -> Corpus:
    """The rows after our own first line, if there was one."""
    first = next(lines, None)
    if first is None and options.allow_empty:
        return Corpus(name, layout, iter(()))
    if first is None:  # tokens of no documents at all: a header only
        raise UserError("holds no documents", where=name)
    form = options.format if options.format != "auto" else _guess_format(first[1], name, options)
    if form not in FORMATS:
        raise UserError(f"unknown format {form!r}", where=name, hint=one_of(form, FORMATS))
    if form == "lines":
        if options.text_column and layout.tokenizer is None:
            raise UserError(
                f"has plain lines, so no column {options.text_column!r}",
                where=name,
                hint="a table needs a header line; --format tsv or csv says it is one",
            )
        return Corpus(name, replace(layout, format=form), _plain_rows(first, lines))
    if form == "tsv":
        columns = first[1].split("\t")
        layout = _find_columns(name, replace(layout, format=form), columns, options)
        return Corpus(name, layout, _tsv_rows(name, layout, lines))
    records = _csv_records(itertools.chain([first], lines), name)
    _, columns = next(records)
    layout = _find_columns(name, replace(layout, format=form), columns, options)
    return Corpus(name, layout, _csv_rows(name, layout, records))


def _guess_format(first: str, name: str, options: CorpusOptions) -> str:
    """A table is told by the file's extension, or by a known text column in a tabbed first line."""
    stem = without_compression(name)
    by_tabs = first.split("\t")
    if stem.endswith(".csv"):
        return "csv"
    if stem.endswith(".tsv") or (len(by_tabs) > 1 and set(options.text_names) & set(by_tabs)):
        return "tsv"
    if options.text_column is None:
        return "lines"
    return "tsv" if options.text_column in by_tabs or "," not in first else "csv"


def _find_columns(name: str, layout: Layout, columns: list[str], options: CorpusOptions) -> Layout:
    text = _find_column(name, columns, options.text_column, options.text_names, "--text-column")
    label = _find_column(name, columns, options.label_column, options.label_names,
                         "--label-column")  # fmt: skip
    if text is None:
        raise UserError(
            "which column holds the text?",
            where=name,
            hint=f"give --text-column; there are: {', '.join(columns)}",
        )
    return replace(layout, columns=tuple(columns), text=text, label=label)


def _find_column(
    name: str, columns: list[str], wanted: str | None, usual: tuple[str, ...], flag: str
) -> int | None:
    if wanted is None:
        wanted = next((column for column in usual if column in columns), None)
    if wanted is None:
        return None
    if columns.count(wanted) > 1:
        raise UserError(f"its header names the column {wanted!r} twice", where=name,
                        hint=f"rename one of them, or give {flag}")  # fmt: skip
    if wanted not in columns:
        raise UserError(
            f"has no column {wanted!r} ({flag})",
            where=name,
            hint=f"there are: {', '.join(columns)}",
        )
    return columns.index(wanted)


def _plain_rows(first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    for number, text in itertools.chain([first], lines):
        yield Row(number, text, None, [text])


def _tsv_rows(name: str, layout: Layout, lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        yield _row(name, layout, number, line.split("\t"))


def _csv_rows(name: str, layout: Layout, records: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    for number, fields in records:
        yield _row(name, layout, number, fields)


def _row(name: str, layout: Layout, number: int, fields: list[str]) -> Row:
    if len(fields) != len(layout.columns):
        raise UserError(
            f"{len(fields)} columns where the header has {len(layout.columns)}"
            f" ({', '.join(layout.columns)})",
            where=f"{name}:{number}",
            hint="fix the line; a text must hold no tab"
            if layout.format == "tsv"
            else "fix the line; a text with a comma needs quotes",
        )
    label = None if layout.label is None else fields[layout.label]
    return Row(number, fields[layout.text], label, fields)


def _csv_records(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, list[str]]]:
    """CSV records with the number of the line each begins on."""
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    numbers: list[int] = []

    def feed() -> Iterator[str]:
        for number, line in lines:
            numbers.append(number)
            yield line + "\n"

    reader = csv.reader(feed(), strict=True)
    while True:
        del numbers[:]
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            at = numbers[-1] if numbers else 1
            raise UserError(f"not CSV: {error}", where=f"{name}:{at}") from None
        yield numbers[0], fields


class RowWriter:
    """Writes rows in a layout; made by `write_tokens`."""

    def __init__(self, sink: TextIO, layout: Layout) -> None:
        self._sink, self._layout = sink, layout
        if layout.columns:
            self._write_fields(list(layout.columns))

    def write(self, row: Row, text: str) -> None:
        """The row, with `text` in the place of its text."""
        fields = list(row.fields)
        fields[self._layout.text] = text
        self._write_fields(fields)

    def _write_fields(self, fields: list[str]) -> None:
        if self._layout.format != "csv":
            self._sink.write("\t".join(fields) + "\n")
            return
        record = io.StringIO()
        csv.writer(record, lineterminator="\n").writerow(fields)
        self._sink.write(record.getvalue())

    def flush(self) -> None:
        """Hand the rows so far to the reader of the pipe."""
        self._sink.flush()


@contextmanager
def write_tokens(path: str, layout: Layout) -> Iterator[RowWriter]:
    """A tokens file (or `-`), whole or not at all, for rows of `layout`.

    Raises:
        UserError: the place cannot be written.
    """
    values = {"tokenizer": layout.tokenizer or "whitespace", "format": layout.format}
    if layout.columns:
        values["text"] = layout.columns[layout.text]
    if layout.label is not None:
        values["label"] = layout.columns[layout.label]
    if layout.model is not None:
        values["model"] = layout.model
    with write_text(path) as sink:
        sink.write(format_header("tokens", values) + "\n")
        yield RowWriter(sink, layout)


def split_tokens(text: str) -> list[str]:
    """The tokens of a row of a tokens file: the pieces between single spaces."""
    return text.split(" ") if text else []
