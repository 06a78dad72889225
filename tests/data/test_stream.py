from __future__ import annotations

import queue
import threading

import pytest

from rnntool.data.stream import ahead, ready_batches


def test_a_slow_source_is_answered_at_once():
    """Each item must come through before the next one is even asked for."""
    allowed: queue.Queue[int] = queue.Queue()

    def source():
        for i in range(3):
            yield allowed.get(timeout=5) + i

    allowed.put(0)
    batches = ready_batches(source(), 10)
    assert next(batches) == [0]
    allowed.put(10)
    assert next(batches) == [11]
    allowed.put(20)
    assert next(batches) == [22]
    assert list(batches) == []


def test_everything_arrives_in_order_and_batches_are_bounded():
    batches = list(ready_batches(range(10_000), 64))
    assert [item for batch in batches for item in batch] == list(range(10_000))
    assert max(map(len, batches)) <= 64


def test_an_error_comes_after_the_items_before_it():
    def source():
        yield 1
        raise ValueError("broken")

    batches = ready_batches(source(), 10)
    assert next(batches) == [1]
    with pytest.raises(ValueError, match="broken"):
        next(batches)


def test_items_are_made_ahead_of_their_use_and_no_further():
    made: list[int] = []
    first, second = threading.Event(), threading.Event()

    def source():
        for i in range(100):
            made.append(i)
            (first if i == 3 else second if i == 4 else threading.Event()).set()
            yield i

    items = ahead(source(), 2)
    assert next(items) == 0
    assert first.wait(timeout=5)  # one in use, two wait, and one is held
    assert not second.wait(timeout=0.1)
    assert list(items) == list(range(1, 100))
    assert made == list(range(100))


def test_an_error_ahead_comes_in_its_place():
    def source():
        yield 1
        raise ValueError("broken")

    items = ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)
