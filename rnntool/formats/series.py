"""Series of numbers: CSV or TSV with a header, one time step per row, oldest first.

A first column that is not a number is the time. It may be ISO (`1981-01-01`, `2009-01-01T00:10`) or
European (`01.01.2009 00:10:00`); other forms are kept as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError, one_of
from rnntool.formats.fields import finite_number, split_csv
from rnntool.formats.reading import name_of, read_lines

Floats = NDArray[np.float64]
_TIMES = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S")


@dataclass(frozen=True)
class Series:
    """N steps of C columns."""

    path: str
    columns: list[str]
    values: Floats  # [N, C]
    labels: list[str]  # the time column as text, or row numbers
    times: list[datetime] | None  # the time column, where it could be read
    lines: list[int]

    def __len__(self) -> int:
        return len(self.values)

    def gaps(self) -> list[int]:
        """Line numbers before which time jumps by more than its usual step."""
        if self.times is None or len(self) < 3:
            return []
        steps = np.diff(np.array(self.times, dtype="datetime64[s]")).astype(np.int64)
        return [self.lines[n + 1] for n in np.flatnonzero(steps > np.median(steps))]

    def year_before(self) -> NDArray[np.int64]:
        """[N] for each row, the row one year earlier; -1 if there is none."""
        found = np.full(len(self), -1, dtype=np.int64)
        if self.times is None:
            return found
        places = {time: n for n, time in enumerate(self.times)}
        for n, time in enumerate(self.times):
            day = 28 if (time.month, time.day) == (2, 29) else time.day
            found[n] = places.get(time.replace(year=time.year - 1, day=day), -1)
        return found


def read_series(path: str, columns: list[str] | None = None, encoding: str = "utf-8") -> Series:
    """Read the named columns in this order, or all columns of numbers.

    Raises:
        UserError: the file cannot be read, has no such column or no rows; a cell is empty or not a
            number; the time does not increase.
    """
    name = name_of(path)
    records = _records(path, encoding)
    first = next(records, None)
    if first is None:
        raise UserError("is empty", where=name)
    header = first[1]
    rows = list(records)
    if not rows:
        raise UserError("has a header but no rows", where=name)
    timed = finite_number(rows[0][1][0]) is None
    wanted = columns if columns is not None else header[1 if timed else 0 :]
    for column in wanted:
        if column not in header:
            raise UserError(f"has no column {column!r}", where=name, hint=one_of(column, header))
    places = [header.index(column) for column in wanted]
    if not places:
        raise UserError("has no column of numbers", where=name)
    values = np.empty((len(rows), len(places)))
    for n, (line, fields) in enumerate(rows):
        if len(fields) != len(header):
            raise UserError(f"{len(fields)} columns, the header has {len(header)}",
                            where=f"{name}:{line}")  # fmt: skip
        for k, place in enumerate(places):
            values[n, k] = _value(fields[place], header[place], f"{name}:{line}")
    labels = [fields[0] if timed else str(n + 1) for n, (_, fields) in enumerate(rows)]
    lines = [line for line, _ in rows]
    times = _times(labels) if timed else None
    if times is not None:
        _check_order(times, lines, name)
    return Series(path, list(wanted), values, labels, times, lines)


def _records(path: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    delimiter = ""
    for line, text in read_lines(path, encoding):
        if not text.strip():
            continue
        if not delimiter:
            delimiter = max(",;\t", key=text.count)
        fields = split_csv(text, f"{name_of(path)}:{line}", delimiter)
        yield line, [field.strip() for field in fields]


def _value(text: str, column: str, where: str) -> float:
    if not text:
        raise UserError(f"no value in column {column!r}", where=where,
                        hint="add the value, or leave out the column with --columns")  # fmt: skip
    value = finite_number(text)
    if value is None:
        raise UserError(f"{text!r} is not a number (column {column!r})", where=where)
    return value


def _times(labels: list[str]) -> list[datetime] | None:
    """All labels as times, in the first format that fits the first label."""
    for form in (None, *_TIMES):
        try:
            if form is None:
                return [datetime.fromisoformat(label) for label in labels]
            return [datetime.strptime(label, form) for label in labels]
        except ValueError:
            continue
    return None


def _check_order(times: list[datetime], lines: list[int], name: str) -> None:
    for n in range(1, len(times)):
        where = f"{name}:{lines[n]}"
        if (times[n].tzinfo is None) != (times[n - 1].tzinfo is None):
            raise UserError(f"of {times[n - 1]} and {times[n]}, only one has a time zone",
                            where=where, hint="write all times in the same form")  # fmt: skip
        if times[n] < times[n - 1]:
            raise UserError(f"time goes back from {times[n - 1]} to {times[n]}",
                            where=where, hint="sort the rows by time")  # fmt: skip
