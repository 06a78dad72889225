"""One line of a table of numbers: its fields, and the number in a field."""

from __future__ import annotations

import csv
import math

from rnntool.errors import UserError


def split_csv(line: str, where: str, delimiter: str = ",") -> list[str]:
    """The fields of a line of CSV that holds no line feed; none of an empty one.

    Raises:
        UserError: it is not CSV.
    """
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise UserError(f"not CSV: {error}", where=where) from None


def finite_number(text: str) -> float | None:
    """The number that a field holds; None where it is none, or infinite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
