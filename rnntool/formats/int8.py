"""Matrices in int8: integers from -127 to 127, and a scale for each row.

In a weights file such a matrix NAME is int8, and `NAME.row_scale` (float32) holds its scales: row r
of the matrix is int8[r] · scale[r]. The largest number of a row becomes ±127, and zero stays zero:
this is symmetric per-channel quantization (Krishnamoorthi 2018, "Quantizing deep convolutional
networks for efficient inference"). A tensor that equals another (tied weights) is stored only once:
`NAME.same_as` contains the other's name in UTF-8.

Shapes: R rows, D columns (for a convolution's filters: all axes but the first).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SCALE, SAME = ".row_scale", ".same_as"
_LARGEST = 127
_FEW = 4096  # numbers; smaller matrices would save too little and stay unchanged

Array = NDArray[Any]


class Table(Protocol):
    """A matrix [R, D] whose rows are taken by their numbers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """R, D."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: NDArray[np.int64]) -> Array: ...


class ScaledRows:
    """[R, D] in float32, where only the rows that are needed are computed.

    Args:
        values: [R, D] int8.
        scales: [R].
    """

    dtype = np.dtype(np.float32)

    def __init__(self, values: Table, scales: Array) -> None:
        self.values, self.scales, self.shape = values, scales, values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: NDArray[np.int64]) -> Array:
        found: Array = self.values[rows] * self.scales[rows, None]
        return found


def quantize(matrix: Array) -> tuple[Array, Array]:
    """[R, …] in floating point -> int8 of the same shape, and the scales [R]."""
    rows = matrix.reshape(len(matrix), -1).astype(np.float32)
    scales = np.abs(rows).max(axis=1) / np.float32(_LARGEST)
    whole = np.rint(rows / np.where(scales == 0, 1, scales)[:, None])
    return whole.astype(np.int8).reshape(matrix.shape), scales


def in_eight_bits(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Compress tensors by name: large matrices are quantized, integers stored in fewer bytes."""
    packed: dict[str, Array] = {}
    for name, tensor in tensors.items():
        twin = next((n for n in packed if n in tensors and _equal(tensors[n], tensor)), None)
        if twin is not None:
            packed[name + SAME] = np.frombuffer(twin.encode("utf-8"), dtype=np.uint8)
        elif np.issubdtype(tensor.dtype, np.integer):
            packed[name] = _narrowed(tensor)
        elif tensor.ndim >= 2 and tensor.size >= _FEW:
            packed[name], packed[name + SCALE] = quantize(tensor)
        else:
            packed[name] = tensor
    return packed


def _equal(a: Array, b: Array) -> bool:
    """Whether two tensors that are large enough to matter are equal."""
    return a.size >= _FEW and a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b)


def _narrowed(tensor: Array) -> Array:
    """Integers in fewer bytes; never int8, which marks a quantized matrix."""
    for dtype in (np.uint8, np.int16, np.int32):
        bounds = np.iinfo(dtype)
        if not tensor.size or (tensor.min() >= bounds.min and tensor.max() <= bounds.max):
            return tensor.astype(dtype)
    return tensor


def check_scales(name: str, shape: tuple[int, ...], scales: Array) -> Array:
    """The scales of an int8 tensor.

    Raises:
        ValueError: their number is not the number of rows, or one is not finite.
    """
    if len(shape) < 2 or scales.shape != shape[:1] or scales.dtype != np.float32:
        raise ValueError(f"{name} has the shape {list(shape)}, and scales of {list(scales.shape)}")
    with np.errstate(over="ignore"):
        if not np.isfinite(scales * np.float32(_LARGEST + 1)).all():
            raise ValueError(f"{name} has a value that is not finite")
    return scales


def restore(values: Array, scales: Array) -> Array:
    """[R, …] in float32 from int8 values and the scales [R] of their rows."""
    found: Array = values * scales.reshape(-1, *[1] * (values.ndim - 1))
    return found
