"""A document's row, the layout of rows in a file, and the search for its columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from rnntool.errors import UserError
from rnntool.formats.reading import Undecodable

TEXT_COLUMNS = ("document", "text", "review", "sentence", "content", "tokens")
LABEL_COLUMNS = ("label", "sentiment", "class", "category", "labels")
# Formats that we only read: tokens made from them are written as JSON lines.
_OTHERS_WRITE = ("parquet", "folder")


class Row(NamedTuple):
    """One document."""

    line: int  # 1-based line number for messages; the row's number in a file without lines
    text: str  # raw text, or tokens joined by one space
    label: str | None  # as in the file
    fields: list[str]  # every column as it was read
    several: tuple[str, ...] | None = None  # the labels, if the file has a list of them
    record: dict[str, Any] | None = None  # the whole object of a JSON line


@dataclass(frozen=True)
class Layout:
    """The layout of rows in a file."""

    format: str  # one of registry.FORMATS but `auto`
    columns: tuple[str, ...] = ()  # the header, or the first object's fields; empty for lines
    text: int = 0  # index of the text column
    label: int | None = None  # index of the label column, if there is one
    tokenizer: str | None = None  # identity of the tokenizer; None: raw text
    model: str | None = None  # path of the subword model the tokenizer used, if any

    def tokens(self, text: str) -> list[str]:
        """A row's tokens, split at single spaces in a tokens file, at white space elsewhere."""
        return text.split() if self.tokenizer is None else split_tokens(text)

    def tokenized(self, tokenizer: str, model: str | None = None) -> Layout:
        """The layout of the tokens made from rows of this layout."""
        form = "jsonl" if self.format in _OTHERS_WRITE else self.format
        return replace(self, format=form, tokenizer=tokenizer, model=model)


@dataclass(frozen=True)
class CorpusOptions:
    """What a user may have to specify about a file's format."""

    format: str = "auto"
    text_column: str | None = None
    label_column: str | None = None
    encoding: str = "utf-8"
    text_names: tuple[str, ...] = TEXT_COLUMNS  # the usual names of the column
    label_names: tuple[str, ...] = LABEL_COLUMNS
    allow_empty: bool = False  # for streams: no rows is not an error
    errors: Undecodable = field(default_factory=Undecodable)  # lines in another encoding


class Corpus:
    """An open corpus: iterate for its rows, once."""

    def __init__(self, name: str, layout: Layout, rows: Iterator[Row]) -> None:
        self.name = name
        self.layout = layout
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def place(self, row: Row) -> str:
        """A row's place for messages: file and line."""
        if self.layout.format == "folder":
            return f"{self.name}/{row.fields[0]}"
        return place_of(self.name, self.layout, row.line)


def place_of(name: str, layout: Layout, number: int) -> str:
    """The place of a row for messages, by its line; a Parquet file has no lines."""
    return f"{name}: row {number}" if layout.format == "parquet" else f"{name}:{number}"


def split_tokens(text: str) -> list[str]:
    """The tokens of a row of a tokens file: the pieces between single spaces."""
    return text.split(" ") if text else []


def find_columns(
    name: str, layout: Layout, columns: Sequence[str], options: CorpusOptions
) -> Layout:
    """The layout with its columns, and which of them contain text and label.

    Raises:
        UserError: a named column is missing or occurs twice, or it is unclear which is the text.
    """
    what = "field" if layout.format == "jsonl" else "column"
    text = _find(name, columns, options.text_column, options.text_names, f"--text-{what}")
    label = _find(name, columns, options.label_column, options.label_names, f"--label-{what}")
    if text is None:
        raise UserError(
            f"which {what} contains the text?",
            where=name,
            hint=f"give --text-{what}, one of: {', '.join(columns)}",
        )
    return replace(layout, columns=tuple(columns), text=text, label=label)


def _find(
    name: str, columns: Sequence[str], wanted: str | None, usual: tuple[str, ...], flag: str
) -> int | None:
    if wanted is None:
        wanted = next((column for column in usual if column in columns), None)
    if wanted is None:
        return None
    if columns.count(wanted) > 1:
        raise UserError(f"the header has the column {wanted!r} twice", where=name,
                        hint=f"rename one of them, or give {flag}")  # fmt: skip
    if wanted not in columns:
        raise UserError(
            f"has no {flag.rpartition('-')[2]} {wanted!r} ({flag})",
            where=name,
            hint=f"expected one of: {', '.join(columns) or 'none'}",
        )
    return columns.index(wanted)
