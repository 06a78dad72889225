"""Rows of a TSV or a CSV with a header.

TSV here has no quoting (a `"` is a plain character, as in NSMC). CSV has quotes as in RFC 4180, so
a CSV document may contain line feeds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from rnntool.errors import UserError
from rnntool.formats.rows import Layout, Row

_FIELD_LIMIT = 1 << 30  # characters; the csv module's own limit (128 KiB) is below a long text


def tsv_rows(name: str, layout: Layout, lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """The rows below the header.

    Raises:
        UserError: a row has too few or too many columns.
    """
    for number, line in lines:
        yield _row(name, layout, number, line.split("\t"))


def csv_rows(name: str, layout: Layout, records: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    """The rows below the header, from `csv_records`.

    Raises:
        UserError: a row has too few or too many columns.
    """
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


def csv_records(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, list[str]]]:
    """CSV records with the number of the line on which each begins.

    Raises:
        UserError: a record is not valid CSV.
    """
    csv.field_size_limit(_FIELD_LIMIT)
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
