"""A text as chunks for training: from parallel streams in order, or from single documents.

Shapes: T time, B batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.data.id_file import IdFile, Ints
from rnntool.data.sequences import bucketed_batches
from rnntool.text.vocabulary import BOS_ID, PAD_ID


@dataclass(frozen=True)
class Chunk:
    """Inputs, and the token after each of them."""

    inputs: Ints  # [T, B]
    targets: Ints  # [T, B]; <pad> where there is nothing to predict
    fresh: bool  # starts from a zero state


@dataclass(frozen=True)
class Place:
    """The place of a chunk: a span of every stream, or numbers of pieces."""

    start: int = 0
    stop: int = 0
    fresh: bool = False
    rows: NDArray[np.int64] | None = None
    share: tuple[int, int] = (0, 1)  # (r, n): every n-th stream, from r on


class Chunks(Protocol):
    """A text that can be read chunk by chunk."""

    def places(self, epoch: int) -> list[Place]:
        """The chunks of an epoch in order; they depend only on the seed and the epoch."""

    def read(self, place: Place) -> Chunk:
        """The chunk at a place."""

    def tokens(self) -> int:
        """Tokens predicted in an epoch."""


class StreamChunks:
    """B parts of one text, read side by side; chunk k + 1 continues where chunk k ended.

    Args:
        start, stop: the part of the file with the text; fewer than B tokens at its end are
            left out.
        batch: B.
        bptt: steps of a chunk.
        jitter: draw new chunk borders in each epoch, so that no token is always the first.
        epoch_steps: chunks per epoch; the next epoch continues where this one ended; 0: all.
        stateless: each chunk is fresh.
    """

    def __init__(
        self,
        ids: IdFile,
        start: int,
        stop: int,
        batch: int,
        bptt: int,
        *,
        jitter: bool = False,
        seed: int = 0,
        epoch_steps: int = 0,
        stateless: bool = False,
    ) -> None:
        self.ids, self.start, self.batch, self.bptt = ids, start, batch, bptt
        self.length = (stop - start - 1) // batch  # of each stream
        self.jitter, self.seed, self.stateless = jitter, seed, stateless
        self.chunks = -(-self.length // bptt)
        self.epoch_steps = epoch_steps or self.chunks

    def places(self, epoch: int) -> list[Place]:
        """Spans of the streams."""
        first = (epoch - 1) * self.epoch_steps
        found: list[Place] = []
        while len(found) < self.epoch_steps:
            rounds, chunk = divmod(first + len(found), self.chunks)
            borders = self._borders(rounds)
            for at in range(chunk, min(self.chunks, chunk + self.epoch_steps - len(found))):
                fresh = self.stateless or at == 0
                found.append(Place(int(borders[at]), int(borders[at + 1]), fresh))
        return found

    def _borders(self, rounds: int) -> Ints:
        borders = np.minimum(np.arange(self.chunks + 1) * self.bptt, self.length)
        if self.jitter and self.chunks > 1:
            generator = np.random.default_rng([self.seed, rounds])
            moved = borders[1:-1] + generator.integers(-self.bptt // 4, self.bptt // 4 + 1,
                                                       self.chunks - 1)  # fmt: skip
            borders[1:-1] = np.minimum(moved, self.length - 1)
        return borders

    def read(self, place: Place) -> Chunk:
        """A span of every stream."""
        width = place.stop - place.start
        streams = range(place.share[0], self.batch, place.share[1])
        block = np.empty((width + 1, len(streams)), dtype=np.int64)
        for column, stream in enumerate(streams):
            at = self.start + stream * self.length + place.start
            block[:, column] = self.ids.read(at, at + width + 1)
        return Chunk(block[:-1], block[1:], place.fresh)

    def tokens(self) -> int:
        """Tokens predicted in an epoch."""
        return min(self.epoch_steps * self.bptt, self.length) * self.batch


class DocumentChunks:
    """Documents, each from a zero state, in batches of similar length, padded at the end.

    A document longer than `bptt` is cut into pieces of that length.

    Args:
        start, stop: the part of the file with the text.
    """

    def __init__(
        self, ids: IdFile, stop: int, batch: int, bptt: int, seed: int, start: int = 0
    ) -> None:
        self.ids, self.batch, self.seed = ids, batch, seed
        begins, ends = find_documents(ids, start, stop)
        pieces = [
            (at, min(at + bptt, end - 1))
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
            for at in range(begin, end - 1, bptt)
        ]
        self.starts, self.stops = np.array(pieces, dtype=np.int64).reshape(-1, 2).T
        self.cut = len(pieces) - len(begins)  # pieces after the first of each document

    def places(self, epoch: int) -> list[Place]:
        """Batches of pieces of similar length, in random order."""
        generator = np.random.default_rng([self.seed, epoch])
        lengths = (self.stops - self.starts).astype(np.int64)
        batches = bucketed_batches(lengths, self.batch, generator)
        return [Place(fresh=True, rows=rows) for rows in batches]

    def read(self, place: Place) -> Chunk:
        """A batch of pieces."""
        assert place.rows is not None
        return read_spans(self.ids, self.starts[place.rows], self.stops[place.rows])

    def tokens(self) -> int:
        """Tokens predicted in an epoch."""
        return int((self.stops - self.starts).sum())


def find_documents(ids: IdFile, start: int, stop: int) -> tuple[Ints, Ints]:
    """Where the documents between two positions begin (at their `<bos>`) and end.

    If no document begins there, the part is within a long one and counts as a document.
    """
    found, at = [], start
    for block in ids.blocks(start, stop):
        found.append(np.flatnonzero(block == BOS_ID) + at)
        at += len(block)
    begins = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    if not len(begins):
        begins = np.array([start])
    return begins, np.append(begins[1:], stop)


def read_spans(ids: IdFile, starts: Ints, stops: Ints) -> Chunk:
    """The inputs from `starts` to `stops` and the token after each, right-padded."""
    width = int((stops - starts).max())
    inputs = np.full((width, len(starts)), PAD_ID, dtype=np.int64)
    targets = inputs.copy()
    for row, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        piece = ids.read(start, stop + 1)
        inputs[: stop - start, row] = piece[:-1]
        targets[: stop - start, row] = piece[1:]
    return Chunk(inputs, targets, fresh=True)
