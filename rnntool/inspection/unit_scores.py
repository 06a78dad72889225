"""How well single hidden units follow a target: ranks, areas under ROC curves, thresholds.

Shapes: M texts or tokens, U units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ranks = NDArray[np.float32]  # exact: a rank is half of an integer below 2²⁴
_COLUMNS = 32  # ranked at a time, to limit the memory


def ranks(values: NDArray[Any]) -> Ranks:
    """[M, U] from [M, U]: the rank of each value in its column, from 1; equal values share one."""
    found = np.empty(values.shape, dtype=np.float32)
    for start in range(0, values.shape[1], _COLUMNS):
        some = slice(start, start + _COLUMNS)
        found[:, some] = _ranks(values[:, some])
    return found


def _ranks(values: NDArray[Any]) -> Floats:
    M = len(values)
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    first = np.ones(values.shape, dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    places = np.arange(M)[:, None]
    begins = np.maximum.accumulate(np.where(first, places, 0), axis=0)
    last = np.ones(values.shape, dtype=bool)
    last[:-1] = first[1:]
    ends = np.minimum.accumulate(np.where(last, places, M)[::-1], axis=0)[::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, 0.5 * (begins + ends) + 1, axis=0)
    return found


def areas(ranked: Ranks, positive: Bools) -> Floats:
    """[U] areas under the ROC curve: how often a positive has a larger value than a negative.

    Pairs of equal values count as one half (Mann and Whitney 1947). 0.5 means no relation; below
    0.5, the unit is larger where the property is absent.

    Args:
        ranked: [M, U] from `ranks`.
        positive: [M]; must have both positives and negatives.
    """
    n = int(positive.sum())
    found: Floats = ranked[positive].sum(axis=0, dtype=np.float64) - n * (n + 1) / 2
    return found / (n * (len(positive) - n))


def rank_correlations(ranked: Ranks, values: Floats) -> Floats:
    """[U] Spearman's ρ of each unit with [M] values; 0 for a constant unit."""
    theirs = ranks(values[:, None])[:, 0].astype(np.float64)
    middle = (len(values) + 1) / 2
    a, b = ranked - middle, theirs - middle
    norms = np.sqrt((a**2).sum(axis=0) * (b**2).sum())
    found: Floats = np.divide(b @ a, norms, out=np.zeros(a.shape[1]), where=norms > 0)
    return found


class Threshold(NamedTuple):
    """The value of a unit above which, or below which, it means yes."""

    value: float
    above: bool

    def accuracy(self, values: NDArray[Any], positive: Bools) -> float:
        """The share of [M] values on the right side of the threshold."""
        return float(((values > self.value) == (positive == self.above)).mean())


def best_threshold(values: NDArray[Any], positive: Bools, above: bool) -> Threshold:
    """The threshold with the highest accuracy, halfway between two neighbouring values.

    Args:
        above: whether the positives are above it.
    """
    order = np.argsort(values, kind="stable")
    ordered, yes = values[order].astype(np.float64), positive[order] == above
    # With the threshold before index n, the n values below should be no and the others yes.
    right = (
        np.concatenate([[0], np.cumsum(~yes)]) + yes.sum() - np.concatenate([[0], np.cumsum(yes)])
    )
    possible = np.ones(len(values) + 1, dtype=bool)
    possible[1:-1] = ordered[1:] != ordered[:-1]
    n = int(np.where(possible, right, -1).argmax())
    if n in (0, len(values)):
        return Threshold(float(ordered[0]) - 1 if n == 0 else float(ordered[-1]), above)
    return Threshold(0.5 * float(ordered[n - 1] + ordered[n]), above)
