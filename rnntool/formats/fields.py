"""The fields of a line of a table: taken apart, read as numbers, made of a text."""

from __future__ import annotations

import csv
import math

from rnntool.errors import UserError

_ENDS = str.maketrans("\t\n\r", "   ")


def split_csv(line: str, where: str, delimiter: str = ",") -> list[str]:
    """The fields of a line of CSV that holds no line feed; none of an empty one.

    Raises:
        UserError: it is not CSV.
    """
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise UserError(f"not CSV: {error}", where=where) from None


def as_field(text: str) -> str:
    """A text as one field of TSV: what would end the field or the line is a space."""
    return text.translate(_ENDS)


def finite_number(text: str | bytes) -> float | None:
    """The number that a field holds; None where it is none, or infinite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
