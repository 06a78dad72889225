"""A long sequence of token numbers on disk, read piece by piece.

So a corpus may be larger than memory. The file is read and not mapped: pages of a mapped file count
as the process's memory, so a training on 1 GB of text would seem to need 1 GB.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.text.vocabulary import UNK_ID

Ints = NDArray[np.int64]
_DTYPE = np.dtype("<u4")
_BLOCK = 1 << 20  # tokens


class IdFile:
    """N token numbers in a file of 4 bytes each; open until closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDONLY)
        self._count = os.fstat(self._file).st_size // _DTYPE.itemsize

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int) -> Ints:
        """The numbers from `start` to `stop` (at most to the end of the file), [stop - start]."""
        size = _DTYPE.itemsize
        raw = os.pread(self._file, max(0, stop - start) * size, start * size)
        return np.frombuffer(raw, _DTYPE).astype(np.int64)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[Ints]:
        """The same numbers in blocks of limited size."""
        stop = len(self) if stop is None else stop
        for at in range(start, stop, _BLOCK):
            yield self.read(at, min(at + _BLOCK, stop))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Numbering(dict[str, int]):
    """Numbers for tokens in the order of their first appearance."""

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self)
        return number


def write_numbered(lines: Iterable[list[str]], path: Path) -> Numbering:
    """Write a stream of lines to a file as token numbers; returns the numbering."""
    numbering = Numbering()
    with path.open("wb") as sink:
        for tokens in lines:
            numbers = np.fromiter(map(numbering.__getitem__, tokens), _DTYPE, len(tokens))
            sink.write(numbers.tobytes())
    return numbering


def count_numbers(ids: IdFile, stop: int, size: int) -> Ints:
    """[size]: how often each number occurs before position `stop`."""
    counts = np.zeros(size, dtype=np.int64)
    for block in ids.blocks(0, stop):
        counts += np.bincount(block, minlength=size)
    return counts


def renumber(path: Path, table: NDArray[Any]) -> None:
    """Replace each number n in the file by `table[n]`, in place and block by block."""
    with path.open("r+b") as file:
        while True:
            start = file.tell()
            raw = file.read(_BLOCK * _DTYPE.itemsize)
            if not raw:
                return
            file.seek(start)
            file.write(table[np.frombuffer(raw, _DTYPE)].astype(_DTYPE).tobytes())


def renumber_lines(
    lines: Iterable[list[str]], known: dict[str, int], path: Path, unknown_id: int = UNK_ID
) -> dict[str, int]:
    """Write a stream of tokens as numbers; returns the count of tokens not in the vocabulary."""
    numbering = write_numbered(lines, path)
    ids = IdFile(path)
    counts = count_numbers(ids, len(ids), len(numbering))
    ids.close()
    table = np.array([known.get(token, unknown_id) for token in numbering], dtype=np.uint32)
    renumber(path, table)
    return {t: int(n) for t, n in zip(numbering, counts, strict=True) if t not in known}
