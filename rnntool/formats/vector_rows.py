"""Tables of numbers, one vector per row: NumPy's `.npy`, or CSV with or without a header."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.fields import finite_number, split_csv
from rnntool.formats.reading import name_of, open_binary, read_lines


def read_vector_rows(path: str) -> NDArray[np.float32]:
    """[N, F] vectors.

    Raises:
        UserError: the file cannot be read, is not a table of finite numbers, or its rows differ in
            length.
    """
    table = _read_npy(path) if path.endswith(".npy") else _read_csv(path)
    if table.ndim != 2 or not table.size:
        raise UserError(f"has the shape {table.shape}, not rows × features", where=name_of(path))
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise UserError(
            "has a value that is not finite", where=f"{name_of(path)}: row {bad[0] + 1}"
        )
    return table


def _read_npy(path: str) -> NDArray[np.float32]:
    # NumPy parses the header as Python, which can warn and fail in many ways.
    with open_binary(path) as source, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded: Any = np.load(source, allow_pickle=False)
            return np.asarray(loaded, dtype=np.float32)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"is not a .npy file of numbers: {reason}", where=name_of(path)
            ) from None


def _read_csv(path: str) -> NDArray[np.float32]:
    rows: list[list[float]] = []
    for number, line in read_lines(path):
        fields = split_csv(line, f"{name_of(path)}:{number}")
        values = [finite_number(field) for field in fields]
        if number == 1 and all(value is None for value in values):
            continue  # a header
        if None in values or not values:
            wrong = fields[values.index(None)] if values else ""
            raise UserError(f"{wrong!r} is not a number", where=f"{name_of(path)}:{number}")
        if rows and len(values) != len(rows[0]):
            raise UserError(f"{len(values)} numbers, but {len(rows[0])} in the first row",
                            where=f"{name_of(path)}:{number}")  # fmt: skip
        rows.append([value for value in values if value is not None])
    return np.array(rows, dtype=np.float32)
