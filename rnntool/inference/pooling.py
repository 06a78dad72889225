"""Pools the states of packed rows as they are computed, without storing them.

Shapes: N rows, of which n have a given time step; H hidden, all = H·directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.inference.packed import Ints

Floats = NDArray[Any]


class Pool:
    """The last state, the maximum and the mean over time of each row, as `pooling` names them.

    Args:
        pooling: `last`, `max`, `mean`, or `all`: the three together.
        lengths: [N] steps of each row; a row without steps pools to zeros.
        hidden: H.
        directions: of the layer.
    """

    def __init__(
        self, pooling: str, lengths: Ints, hidden: int, directions: int, dtype: np.dtype[Any]
    ) -> None:
        self.pooling, self.lengths = pooling, lengths
        shape = (directions, len(lengths), hidden)
        self._most: Floats | None = None
        self._total: Floats | None = None
        if pooling in ("max", "all"):
            self._most = np.full(shape, np.finfo(dtype).min, dtype)
            self._most[:, lengths == 0] = 0
        if pooling in ("mean", "all"):
            self._total = np.zeros(shape, dtype)

    def see(self, direction: int, n: int, h: Floats) -> None:
        """Take in the states [n, H] of the first n rows after a step."""
        if self._most is not None:
            most = self._most[direction, :n]
            np.maximum(most, h, out=most)
        if self._total is not None:
            self._total[direction, :n] += h

    def pooled(self, last: list[Floats]) -> Floats:
        """[N, H·directions], or three times as wide for `all`.

        Args:
            last: each direction's last state [N, H].
        """
        parts = list(last) if self.pooling in ("last", "all") else []
        if self._most is not None:
            parts += list(self._most)
        if self._total is not None:
            steps = np.maximum(1, self.lengths)[:, None].astype(self._total.dtype)
            parts += list(self._total / steps)
        return np.concatenate(parts, axis=1)
