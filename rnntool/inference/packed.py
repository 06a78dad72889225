"""Many sequences of any lengths as one array without padding, time step by time step.

The longest row comes first, so the rows that have a step t are always the first ones. The array
holds step 0 of all rows, then step 1 of the rows that have one, and so on. No step is computed
for padding (the layout of torch's PackedSequence).

Shapes: N rows, T steps of the longest, M steps of all rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_TOGETHER = 512  # rows per batch: enough for fast matrix products, few enough for the caches
_STEPS = 32_768  # steps per batch of long rows, to bound its memory


@dataclass(frozen=True)
class Packing:
    """The position of each row's steps among the M."""

    lengths: Ints  # [N], longest first
    active: Ints  # [T] rows that have a step t
    starts: Ints  # [T] position where step t begins

    def steps(self, backward: bool = False) -> Iterator[tuple[int, slice]]:
        """For each time step, first to last: how many rows have it, and their positions."""
        steps = list(zip(self.active.tolist(), self.starts.tolist(), strict=True))
        for n, begin in reversed(steps) if backward else steps:
            yield n, slice(begin, begin + n)

    def pack(self, flat: Ints) -> Ints:
        """[M] numbers given row after row -> the same in packed order."""
        begins = np.cumsum(self.lengths) - self.lengths
        parts = [flat[begins[: place.stop - place.start] + t]
                 for t, (_, place) in enumerate(self.steps())]  # fmt: skip
        return np.concatenate(parts) if parts else flat[:0]


def pack_rows(rows: Sequence[Sequence[int]]) -> tuple[Packing, Ints]:
    """The packing of rows of numbers (longest row first), and their numbers [M]."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    T = int(lengths[0]) if len(lengths) else 0
    # How many rows are longer than t: counted from the other end of the sorted lengths.
    active = len(lengths) - np.searchsorted(lengths[::-1], np.arange(T), side="right")
    packing = Packing(lengths, active, np.cumsum(active) - active)
    flat = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
    return packing, packing.pack(flat)


def side_by_side(answer: Callable[[list[int]], None], lengths: Sequence[int], threads: int) -> None:
    """Call `answer` with batches of rows (longest row first) in `threads` threads.

    Args:
        lengths: of all rows.
    """
    batches = list(_batches(lengths))
    if len(batches) == 1:
        answer(batches[0])
        return
    # Neither is needed for a single line.
    from concurrent.futures import ThreadPoolExecutor

    from rnntool.inference.blas_threads import products_on_own_threads

    with products_on_own_threads(), ThreadPoolExecutor(threads) as pool:
        list(pool.map(answer, batches))  # raises an error of any thread


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of similar length together; the longest first, so that all cores end at about the same
    time."""
    batch: list[int] = []
    steps = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and (len(batch) == _TOGETHER or steps + lengths[row] > _STEPS):
            yield batch
            batch, steps = [], 0
        batch.append(row)
        steps += lengths[row]
    if batch:
        yield batch
