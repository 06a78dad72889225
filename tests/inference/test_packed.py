"""Batches of packed rows side by side: the threads that NumPy's products get meanwhile."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from rnntool.inference import packed
from rnntool.inference.blas_threads import products_on_own_threads
from rnntool.inference.packed import side_by_side


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    """As on a machine of two cores."""
    np.ones(1) @ np.ones(1)
    if not blas_threads():
        pytest.skip("NumPy's products here have no number of threads to set, as on a Mac")
    with threadpool_limits(2, user_api="blas"):
        yield


def test_batches_side_by_side_get_one_thread_each_for_their_products(monkeypatch):
    monkeypatch.setattr(packed, "_TOGETHER", 3)
    seen, rows, both = [], [], threading.Barrier(2, timeout=30)  # so two threads answer

    def answer(batch: list[int]) -> None:
        both.wait()
        seen.append(blas_threads())
        rows.extend(batch)

    side_by_side(answer, [1, 4, 2, 8, 5, 7], threads=2)
    assert seen == [{1}, {1}]
    assert sorted(rows) == list(range(6))
    assert blas_threads() == {2}


def test_one_batch_has_all_threads_for_its_products():
    seen = []
    side_by_side(lambda batch: seen.append((batch, blas_threads())), [3, 9, 4], threads=2)
    assert seen == [([1, 2, 0], {2})]


def test_an_error_of_a_batch_is_raised_and_the_threads_are_back(monkeypatch):
    monkeypatch.setattr(packed, "_TOGETHER", 1)

    def answer(batch: list[int]) -> None:
        raise ValueError(batch)

    with pytest.raises(ValueError, match=r"\[1\]"):
        side_by_side(answer, [1, 2], threads=2)
    assert blas_threads() == {2}


def test_the_threads_are_back_when_the_last_of_two_callers_has_ended():
    first, second = products_on_own_threads(), products_on_own_threads()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}
