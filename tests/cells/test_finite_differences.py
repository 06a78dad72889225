"""The checker itself: it must find the gradient, and must not let a wrong one through."""

from __future__ import annotations

import numpy as np
import pytest

from rnntool.cells import finite_differences, largest_relative_difference
from tests.cells.helpers import same


def test_finite_differences_find_a_known_gradient_and_put_the_arrays_back() -> None:
    a, b = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([2.0])
    gradients = finite_differences(lambda: float((a**3).sum() * b[0]), {"a": a, "b": b})
    same(gradients["da"], 3 * a**2 * 2, rtol=1e-8)
    same(gradients["db"], [(1 - 8 + 0.125 + 27)], rtol=1e-8)
    assert a.tolist() == [[1.0, -2.0], [0.5, 3.0]]
    with pytest.raises(ValueError, match="a is float32"):
        finite_differences(lambda: 0.0, {"a": a.astype(np.float32)})


def test_a_function_that_fails_leaves_the_array_as_it_was() -> None:
    a = np.array([1.0])

    def fail() -> float:
        raise RuntimeError("no value here")

    with pytest.raises(RuntimeError):
        finite_differences(fail, {"a": a})
    assert a.tolist() == [1.0]


def test_the_largest_relative_difference() -> None:
    a = np.array([1.0, 2.0])
    assert largest_relative_difference(a, a) == 0
    assert largest_relative_difference(a, np.array([1.0, 2.2])) == pytest.approx(0.2 / 2.2)
    assert largest_relative_difference(a, np.array([-1.0, 2.0])) == 2
    assert largest_relative_difference(a, np.zeros(2)) == 1  # a gradient that never fills
    assert largest_relative_difference(np.zeros(2), np.zeros(2)) == 0
    assert largest_relative_difference(np.zeros((0, 2)), np.zeros((0, 2))) == 0
    small = largest_relative_difference(np.array([1.0, 1e-9]), np.array([1.0, 2e-9]))
    assert small == pytest.approx(1e-6)  # measured against the floor, 1e-3 of the largest


def test_what_is_not_a_number_is_infinitely_far() -> None:
    nan = np.array([1.0, np.nan])
    assert largest_relative_difference(nan, nan) == np.inf
    assert largest_relative_difference(np.array([np.inf]), np.array([1.0])) == np.inf
    with pytest.raises(ValueError, match="shapes differ"):
        largest_relative_difference(np.zeros(2), np.zeros(3))
