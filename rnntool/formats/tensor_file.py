"""A safetensors file from which single tensors, or single rows, are read.

A one-line answer needs the vectors of a dozen tokens out of tens of megabytes. The file is read
and not mapped into memory: if a mapped file is truncated, the process is killed.

The format: 8 bytes with the header's length N (little endian), N bytes of JSON that give each
tensor's dtype, shape and position, then the numbers (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import math
import os
import struct
import threading
import weakref
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_LONGEST_HEADER = 100_000_000  # bytes, the format's own limit


class _Entry(NamedTuple):
    """What the header says of a tensor."""

    dtype: str
    shape: tuple[int, ...]
    begin: int  # bytes from the beginning of the file
    end: int


class TensorFile:
    """An open safetensors file, whose header was checked against the file's size.

    It stays open as long as this object lives. Several threads may read.

    Raises:
        UserError: it is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            # Unbuffered: a buffer would read more than one row.
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115  (open while this lives)
            weakref.finalize(self, self._file.close)
            self._state = self._stat()
            self.entries = _parse(self._file.read(8), self._file.read, self._state[0])
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from None
        except (ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from None

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, from the header."""
        return self.entries[name].shape

    def read(self, name: str) -> NDArray[Any]:
        """A whole tensor.

        Raises:
            UserError: NumPy lacks its number type, the file was changed, or a value is not finite.
        """
        found = np.empty(self.shape(name), self.dtype(name))
        if found.size:
            self._fill(found, self.entries[name].begin)
        return self._finite(name, found)

    def read_rows(self, name: str, rows: list[int]) -> NDArray[Any]:
        """Rows of a matrix in the given order; consecutive rows are read together.

        Raises:
            IndexError: the matrix has no such row.
            UserError: as `read`.
        """
        begin, (count, width) = self.entries[name].begin, self.shape(name)
        found = np.empty((len(rows), width), self.dtype(name))
        if rows and not 0 <= min(rows) <= max(rows) < count:
            raise IndexError(f"rows {min(rows)} to {max(rows)} of {count}")
        place = 0
        while place < len(rows):
            stop = _end_of_sequence(rows, place)
            self._fill(found[place:stop], begin + rows[place] * width * found.itemsize)
            place = stop
        return self._finite(name, found)

    def dtype(self, name: str) -> np.dtype[Any]:
        """The NumPy dtype of a tensor.

        Raises:
            UserError: NumPy has no such type.
        """
        dtype = self.entries[name].dtype
        if dtype not in _DTYPES:
            raise self._damaged(f"{name} holds numbers of {dtype[:20]!r}, which are not read here")
        return np.dtype(_DTYPES[dtype])

    def _fill(self, found: NDArray[Any], begin: int) -> None:
        """Fill an array with the file's bytes from position `begin` on."""
        left = found.reshape(-1).view(np.uint8).data
        with self._lock:
            if self._stat() != self._state:
                raise UserError("was changed while it was in use", where=self.path,
                                hint="run the command again")  # fmt: skip
            self._file.seek(begin)
            while left:
                count = self._file.readinto(left)
                if not count:
                    raise self._damaged("the file ends early")
                left = left[count:]

    def _stat(self) -> tuple[int, int]:
        """Size in bytes, and time of the last change."""
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns

    def _finite(self, name: str, found: NDArray[Any]) -> NDArray[Any]:
        if not np.isfinite(found).all():
            raise self._damaged(f"{name} has a value that is not finite")
        return found

    def _damaged(self, reason: str) -> UserError:
        return UserError(f"damaged weights: {reason}", where=self.path)


class Rows:
    """A matrix in a file, whose rows are read when they are needed.

    It is indexed by an array of row numbers, as the matrix would be. If thousands of rows are
    needed at once, the whole matrix is read and stays in memory.
    """

    _MANY = 4096  # rows; from here on, reading the whole matrix is faster

    def __init__(self, file: TensorFile, name: str) -> None:
        self._file, self._name = file, name
        self.shape, self.dtype = file.shape(name), file.dtype(name)
        self._whole: NDArray[Any] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        if self._whole is None and len(rows) >= self._MANY:
            self._whole = self._file.read(self._name)
        if self._whole is not None:
            found: NDArray[Any] = self._whole[rows]
            return found
        return self._file.read_rows(self._name, rows.tolist())


def _end_of_sequence(rows: list[int], place: int) -> int:
    """Where the run of consecutive rows that starts at `place` of the list ends."""
    stop = place + 1
    while stop < len(rows) and rows[stop] == rows[stop - 1] + 1:
        stop += 1
    return stop


def _parse(first: bytes, read: Any, size: int) -> dict[str, _Entry]:
    """The header: each tensor's entry by name; a ValueError says what is wrong with it.

    Args:
        first: the first eight bytes.
        read: reads the given number of further bytes.
        size: of the file.
    """
    if len(first) < 8:
        raise ValueError("the file ends early")
    (length,) = struct.unpack("<Q", first)
    if length > min(_LONGEST_HEADER, size - 8):
        raise ValueError("the header is longer than the file, or than any header")
    content = json.loads(read(length))
    if not isinstance(content, dict):
        raise ValueError("the header is no JSON object")
    begin = 8 + length
    entries = {name: _entry(name, value, begin) for name, value in content.items()
               if name != "__metadata__"}  # fmt: skip
    at = begin
    for name, entry in sorted(entries.items(), key=lambda item: item[1].begin):
        if entry.begin != at:
            raise ValueError(f"{name[:60]!r} does not begin where the tensor before it ends")
        at = entry.end
    if at != size:
        raise ValueError(f"the header speaks of {at:,} bytes, and the file has {size:,}")
    return entries


def _entry(name: str, value: Any, begin: int) -> _Entry:
    """What the header says of a tensor.

    Args:
        begin: where in the file the first tensor begins.
    """
    try:
        dtype, shape, (start, stop) = value["dtype"], value["shape"], value["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, start, stop))
    except (TypeError, KeyError, ValueError):
        whole = False
    if not whole or not isinstance(dtype, str):
        raise ValueError(f"the header's entry of {name[:60]!r} is none")
    if dtype in _DTYPES and stop - start != math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
        raise ValueError(f"{name[:60]!r} has other than the bytes that its shape needs")
    return _Entry(dtype, tuple(shape), begin + start, begin + stop)
