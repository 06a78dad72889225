"""`W_xh x + b` for the M steps of packed rows, in order of time: computed, or looked up.

Shapes: M steps, of which n belong to one time step; V vocabulary, H hidden, k blocks of a cell.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.inference.packed import Ints

Floats = NDArray[Any]


class Products(Protocol):
    """The products of all steps."""

    def at(self, place: slice) -> Floats:
        """[k, n, H] for the steps in `place`; the next call may overwrite it."""


class Computed:
    """Products [k, M, H] that are computed already."""

    def __init__(self, products: Floats) -> None:
        self.products = products

    def at(self, place: slice) -> Floats:
        """See `Products`."""
        found: Floats = self.products[:, place]
        return found


class LookedUp:
    """Rows of a table [k, V, H], one for each of M tokens.

    Args:
        most: the largest n.

    Raises:
        IndexError: the table has no such row.
    """

    def __init__(self, table: Floats, ids: Ints, most: int) -> None:
        if len(ids) and int(ids.max()) >= table.shape[1]:
            raise IndexError(f"token {int(ids.max())} of {table.shape[1]}")
        self.table, self.ids = table, ids
        self.room = np.empty(table.shape[0] * most * table.shape[2], table.dtype)

    def at(self, place: slice) -> Floats:
        """See `Products`."""
        (k, _, H), rows = self.table.shape, self.ids[place]
        out = self.room[: k * len(rows) * H].reshape(k, len(rows), H)
        # "clip" fills `out` itself, "raise" a copy of it first; the rows were checked above.
        found: Floats = np.take(self.table, rows, axis=1, out=out, mode="clip")
        return found
