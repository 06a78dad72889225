"""Windows of a series: the steps that are read, and the steps ahead.

Shapes: N rows, C columns, K targets, W window, S horizon, B batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnntool.data.sequences import Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Windows:
    """Window n reads the W rows before `starts[n]` and forecasts the S rows from there on."""

    values: Floats  # [N, C]
    starts: Ints  # first row ahead of each window
    window: int
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

    def read(self, which: Ints) -> NDArray[np.float32]:
        """[B, W, C] of the windows `which`."""
        rows = self.starts[which][:, None] + np.arange(-self.window, 0)
        found: NDArray[np.float32] = self.values[rows].astype(np.float32)
        return found

    def ahead(self, which: Ints, targets: list[int]) -> NDArray[np.float32]:
        """[B, S, K] of the windows `which`."""
        rows = self.starts[which][:, None] + np.arange(self.horizon)
        found: NDArray[np.float32] = self.values[rows][:, :, targets].astype(np.float32)
        return found


def cut(
    values: Floats, first: int, stop: int, window: int, horizon: int, stride: int = 1
) -> Windows:
    """The windows whose steps ahead all lie in the rows `first` to `stop`.

    What is read may lie before `first`: it is known when the forecast is made.
    """
    starts = np.arange(max(first, window), stop - horizon + 1, stride, dtype=np.int64)
    return Windows(values, starts, window, horizon)
