"""Windows of a series: the steps that a model reads, and the steps that it forecasts.

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
    """Window n reads the W rows before `starts[n]` and forecasts the S rows from `starts[n]` on."""

    values: Floats  # [N, C]
    starts: Ints  # first forecast row of each window
    window: int
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

    def read(self, which: Ints) -> NDArray[np.float32]:
        """[B, W, C] the rows read in the windows `which`."""
        rows = self.starts[which][:, None] + np.arange(-self.window, 0)
        found: NDArray[np.float32] = self.values[rows].astype(np.float32)
        return found

    def ahead(self, which: Ints, targets: list[int]) -> NDArray[np.float32]:
        """[B, S, K] the rows to forecast in the windows `which`."""
        rows = self.starts[which][:, None] + np.arange(self.horizon)
        found: NDArray[np.float32] = self.values[rows][:, :, targets].astype(np.float32)
        return found


def cut(
    values: Floats, first: int, stop: int, window: int, horizon: int, stride: int = 1
) -> Windows:
    """The windows whose forecast rows are all between the rows `first` and `stop`.

    The rows read may be before `first`: they are known when the forecast is made.
    """
    starts = np.arange(max(first, window), stop - horizon + 1, stride, dtype=np.int64)
    return Windows(values, starts, window, horizon)
