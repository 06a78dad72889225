"""Many sequences of token numbers in one flat array, and batches of them.

Shapes: N sequences, B batch, T time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnntool.text.vocabulary import PAD_ID

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sequences:
    """N sequences; sequence i is `ids[offsets[i]:offsets[i + 1]]`."""

    ids: NDArray[np.int32]
    offsets: Ints  # [N + 1]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """[N] tokens of each sequence."""
        return np.diff(self.offsets)

    def as_lists(self) -> list[list[int]]:
        """The sequences one by one."""
        ids, offsets = self.ids.tolist(), self.offsets.tolist()
        return [ids[start:stop] for start, stop in itertools.pairwise(offsets)]

    def padded(self, rows: Ints) -> tuple[Ints, Ints]:
        """The sequences `rows` as one right-padded array.

        Returns:
            ids [B, T] with T at least 1, and lengths [B].
        """
        start, lengths = self.offsets[rows], self.lengths[rows]
        steps = np.arange(max(1, int(lengths.max(initial=0))))
        real = steps < lengths[:, None]
        at = np.where(real, start[:, None] + steps, 0)
        ids = self.ids[at] if len(self.ids) else np.zeros(at.shape, dtype=np.int32)
        return np.where(real, ids, PAD_ID).astype(np.int64), lengths

    def take(self, rows: Ints) -> Sequences:
        """The sequences with the numbers `rows`, as a new set."""
        return pack_sequences(
            self.ids[self.offsets[row] : self.offsets[row + 1]] for row in rows.tolist()
        )


def pack_sequences(sequences: Iterable[Sequence[int] | NDArray[np.int32]]) -> Sequences:
    """Flatten a stream of sequences of token numbers."""
    parts, offsets = [], [0]
    for sequence in sequences:
        parts.append(np.asarray(sequence, dtype=np.int32))
        offsets.append(offsets[-1] + len(sequence))
    ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return Sequences(ids, np.asarray(offsets, dtype=np.int64))


def bucketed_batches(
    lengths: Ints, batch_size: int, generator: np.random.Generator, pool: int = 100
) -> list[Ints]:
    """Random batches of rows with nearly equal lengths, so that batches have little padding.

    The rows are shuffled, cut into pools of `pool` batches, sorted by length inside each pool, cut
    into batches, and the batches shuffled: random between epochs, dense within a batch.
    """
    # Random order among equal lengths: the sort below is stable over a shuffled order.
    order = generator.permutation(len(lengths))
    batches: list[Ints] = []
    for start in range(0, len(order), batch_size * pool):
        rows = order[start : start + batch_size * pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def sorted_batches(lengths: Ints, max_tokens: int) -> Iterator[Ints]:
    """All rows, longest first, in batches of at most `max_tokens` padded tokens (one row at least).

    Batches have little padding and bounded memory, and if memory is too small, the first one fails.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, max_tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size
