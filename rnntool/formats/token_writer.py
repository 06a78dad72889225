"""Writing a tokens file: the rows of a corpus with tokens instead of the text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rnntool.formats.fasttext_rows import fasttext_line
from rnntool.formats.header import format_header
from rnntool.formats.rows import Layout, Row
from rnntool.formats.writing import write_text


class RowWriter:
    """Writes rows in a layout; made by `write_tokens`."""

    def __init__(self, sink: TextIO, layout: Layout) -> None:
        self._sink, self._layout = sink, layout
        if layout.format in ("tsv", "csv"):
            self._write_fields(list(layout.columns))

    def write(self, row: Row, text: str) -> None:
        """Write the row with `text` instead of its own text."""
        if self._layout.format == "jsonl":
            record = {**(row.record or {}), self._layout.columns[self._layout.text]: text}
            self._sink.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
            return
        fields = list(row.fields)
        fields[self._layout.text] = text
        self._write_fields(fields)

    def _write_fields(self, fields: list[str]) -> None:
        if self._layout.format == "csv":
            record = io.StringIO()
            csv.writer(record, lineterminator="\n").writerow(fields)
            self._sink.write(record.getvalue())
        elif self._layout.format == "fasttext":
            self._sink.write(fasttext_line(fields) + "\n")
        else:
            self._sink.write("\t".join(fields) + "\n")

    def flush(self) -> None:
        """Send the rows written so far to the reader of the pipe."""
        self._sink.flush()


@contextmanager
def write_tokens(path: str, layout: Layout) -> Iterator[RowWriter]:
    """A tokens file (or `-`) for rows of `layout`, written completely or not at all.

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
