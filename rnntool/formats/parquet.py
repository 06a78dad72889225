"""Rows of a Parquet file, read by pyarrow: a table with typed columns.

The table of contents is at the end of the file, so a source without random access (a pipe, a URL,
a compressed file) is read into memory first.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from rnntool.errors import UserError
from rnntool.formats.json_rows import typed_row
from rnntool.formats.rows import Corpus, CorpusOptions, Layout, Row, find_columns

_BATCH = 1024  # rows read together


def parquet_corpus(source: BinaryIO, name: str, options: CorpusOptions) -> Corpus:
    """The rows of an open Parquet file.

    Raises:
        UserError: pyarrow is missing, the file is damaged, or it lacks a column; while iterating:
            a value is neither a text nor a label.
    """
    file = _open(source, name)
    columns = list(file.schema_arrow.names)
    layout = find_columns(name, Layout("parquet"), columns, options)
    return Corpus(name, layout, _rows(file, name, layout))


def _open(source: BinaryIO, name: str) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise UserError("Parquet files need pyarrow", where=name,
                        hint="pip install 'rnntool[parquet]'") from None  # fmt: skip
    anywhere = isinstance(source, io.BufferedReader) and source.seekable()
    try:
        return pyarrow.parquet.ParquetFile(source if anywhere else io.BytesIO(source.read()))
    except Exception as error:  # pyarrow does not check the file's sizes, and fails in many ways
        raise _damaged(error, name) from None


def _damaged(error: Exception, name: str) -> UserError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return UserError(
        f"is not a complete Parquet file: {reason}", where=name, hint="download it again"
    )


def _rows(file: Any, name: str, layout: Layout) -> Iterator[Row]:
    rows = (row for columns in _batches(file, name) for row in zip(*columns, strict=True))
    for number, values in enumerate(rows, start=1):
        record = dict(zip(layout.columns, values, strict=True))
        yield typed_row(name, layout, number, values, record)


def _batches(file: Any, name: str) -> Iterator[list[list[Any]]]:
    """The columns of some rows at a time."""
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            yield [column.to_pylist() for column in batch.columns]
    except Exception as error:
        raise _damaged(error, name) from None
