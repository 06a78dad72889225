"""Batches for several tasks: rows of similar length, or chunks of running text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnntool.data.chunks import Chunks, Place
from rnntool.data.sequences import Ints, bucketed_batches, sorted_batches
from rnntool.training.task import Task

_TOKENS = 65_536  # maximum number of padded tokens per part, such as 128 rows of 512


class RowTask(Task):
    """A task whose batches are training rows of similar length.

    Args:
        lengths: [N] lengths of the training rows.
        batch_size: rows per batch.
        seed: seed of their order.
        examples: number of examples, if they are not the rows.
    """

    def __init__(
        self, lengths: Ints, batch_size: int, seed: int, examples: int | None = None
    ) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        self.examples = len(lengths) if examples is None else examples

    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def examples_per_epoch(self) -> int:
        """Number of rows, or tokens, in one epoch."""
        return self.examples

    def epoch_batches(self, epoch: int) -> list[Ints]:
        """The rows of each batch; they depend only on the seed and the epoch."""
        generator = np.random.default_rng([self.seed, epoch])
        return bucketed_batches(self.lengths, self.batch_size, generator)

    def share(self, batch: Ints, rank: int, size: int) -> Ints | None:
        """Every `size`-th row."""
        return share_rows(batch, rank, size)

    def parts(self, batch: Ints) -> list[Ints]:
        """The batch; if it has a very long row, parts with a limited number of padded tokens."""
        lengths = self.lengths[batch]
        if len(batch) * int(lengths.max(initial=0)) <= _TOKENS:
            return [batch]
        return [batch[rows] for rows in sorted_batches(lengths, _TOKENS)]


class ChunkTask(Task):
    """A task whose batches are chunks of running text or of documents, read from a file."""

    unit = "tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks

    def steps_per_epoch(self) -> int:
        """Number of chunks in one epoch."""
        return len(self.chunks.places(1))

    def examples_per_epoch(self) -> int:
        """Tokens predicted in one epoch (by each direction)."""
        return self.chunks.tokens()

    def epoch_batches(self, epoch: int) -> list[Place]:
        """The chunks of an epoch, in order."""
        return self.chunks.places(epoch)

    def share(self, batch: Place, rank: int, size: int) -> Place | None:
        """Every `size`-th document, or stream."""
        if batch.rows is None:
            return replace(batch, share=(rank, size))
        rows = share_rows(batch.rows, rank, size)
        return None if rows is None else replace(batch, rows=rows)


def share_rows(rows: Ints, rank: int, size: int) -> Ints | None:
    """Every `size`-th row from `rank` on, or None if there is no such row."""
    return rows[rank::size] if len(rows) > rank else None
