"""Fields of a table's line: splitting a line, reading numbers, writing a text as a field."""

from __future__ import annotations

import csv
import math

from rnntool.errors import UserError

_ENDS = str.maketrans("\t\n\r", "   ")


def split_csv(line: str, where: str, delimiter: str = ",") -> list[str]:
    """The fields of a CSV line without line feeds; an empty list for an empty line.

    Raises:
        UserError: it is not valid CSV.
    """
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise UserError(f"not CSV: {error}", where=where) from None


def as_field(text: str) -> str:
    """A text as one TSV field: tabs and line ends become spaces."""
    return text.translate(_ENDS)


def finite_number(text: str | bytes) -> float | None:
    """The number in a field; None if it is not a finite number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
