"""Central finite differences: a gradient without derivatives, to check a computed gradient.

∂f/∂a ≈ (f(a + ε) - f(a - ε)) / 2ε, whose error falls with ε² until rounding takes over
(about 1e-16 · |f| / ε in float64): ε near 1e-5 balances the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rnntool.cells.cell import Array


def finite_differences(
    f: Callable[[], float], arrays: Mapping[str, Array], epsilon: float = 1e-5
) -> dict[str, Array]:
    """The gradient of f with respect to each array, entry by entry, named `d` + its name.

    `f` must read these same arrays: their entries are changed in place and restored.
    Raises ValueError for arrays that are not float64: in float32, rounding would hide ε.
    """
    gradients: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.dtype != np.float64:
            raise ValueError(f"{name} is {array.dtype}: finite differences need float64")
        gradient = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            gradient[index] = _slope_at(f, array, index, epsilon)
        gradients[f"d{name}"] = gradient
    return gradients


def _slope_at(
    f: Callable[[], float], array: Array, index: tuple[int, ...], epsilon: float
) -> float:
    kept = array[index]
    try:
        array[index] = kept + epsilon
        above = f()
        array[index] = kept - epsilon
        below = f()
    finally:
        array[index] = kept
    return (above - below) / (2 * epsilon)


def largest_relative_difference(a: Array, b: Array, floor: float = 1e-3) -> float:
    """The largest |a - b| / max(|a|, |b|) over all entries: 0 when equal.

    An entry below `floor` times the array's largest is compared relative to that floor, because
    its digits are mostly rounding error. A value that is not finite on either side gives
    infinity, so that no comparison with a tolerance accepts it.
    Raises ValueError when the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    if a.size == 0:
        return 0.0
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    size = np.maximum(np.abs(a), np.abs(b))
    scale = np.maximum(size, floor * size.max())
    # Where the scale is 0 both arrays are zero throughout, and so is the difference.
    return float((np.abs(a - b) / np.where(scale == 0, 1, scale)).max())
