"""Random splits of rows by a seed, for training, validation and cross-validation.

Shapes: N rows, C classes, K folds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnntool.data.sequences import Ints

_UNEVEN = 0.5  # of a class's rows if all classes had the same number


def split_off(count: int, share: float, seed: int) -> tuple[Ints, Ints]:
    """Row numbers for training and for validation, both in file order, at random by `seed`.

    A share above 0 holds out at least one row; 0 holds out none.
    """
    held = max(1, round(count * share)) if share else 0
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held:]), np.sort(order[:held])


def split_off_stratified(strata: Ints, share: float, seed: int) -> tuple[Ints, Ints]:
    """Like `split_off`, but holds out the same share of each class, to the nearest row.

    At least one row of each class stays in the training part.

    Args:
        strata: [N] each row's class.
    """
    total = max(1, round(len(strata) * share)) if share else 0
    classes, numbers, counts = np.unique(strata, return_inverse=True, return_counts=True)
    exact = counts * (total / len(strata))
    quota = np.minimum(np.floor(exact).astype(np.int64), counts - 1)
    # Largest remainders first, until the number held out is the same as without classes.
    for n in np.argsort(quota - exact, kind="stable")[: max(0, total - int(quota.sum()))]:
        quota[n] += quota[n] < counts[n] - 1
    order = np.random.default_rng(seed).permutation(len(strata))
    held = [order[numbers[order] == n][: quota[n]] for n in range(len(classes))]
    chosen: NDArray[np.bool_] = np.zeros(len(strata), dtype=bool)
    chosen[np.concatenate(held)] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def folds_of(strata: Ints, folds: int, seed: int) -> Ints:
    """[N] the fold of each row, from 1 to K, with equal numbers of rows and of each class.

    Args:
        strata: [N] each row's class.
    """
    order = np.random.default_rng(seed).permutation(len(strata))
    by_class = order[np.argsort(strata[order], kind="stable")]
    found = np.empty(len(strata), dtype=np.int64)
    found[by_class] = np.arange(len(strata)) % folds + 1
    return found


def uneven(counts: Ints) -> bool:
    """Whether a class has less than half of the rows that it would have in balanced data."""
    return bool(counts.min() < _UNEVEN * counts.mean())
