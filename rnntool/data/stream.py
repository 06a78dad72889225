"""Streams that a thread reads in the background: in batches, or a few items ahead."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from rnntool.formats.reading import is_file

T = TypeVar("T")
_END = object()


class _Background(Generic[T]):
    """A thread that reads a source into a queue.

    An error of the source is raised after all items before it.
    """

    def __init__(self, items: Iterable[T], ahead: int) -> None:
        self.arrived: queue.Queue[object] = queue.Queue(maxsize=ahead)
        self._failure: list[BaseException] = []
        threading.Thread(target=self._read, args=(items,), daemon=True).start()

    def _read(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                self.arrived.put(item)
        except BaseException as error:
            self._failure.append(error)
        self.arrived.put(_END)

    def end(self) -> None:
        """Raise the error that ended the source, if there was one."""
        if self._failure:
            raise self._failure[0]


def ready_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Batches of 1 to `size` items: a slow source gives small ones at once, a fast one full ones.

    At most two batches are read ahead. An error of the source is raised here, after the items
    before it.
    """
    source = _Background(items, 2 * size)
    ended = False
    while not ended:
        batch = [source.arrived.get()]
        while batch[-1] is not _END and len(batch) < size and not source.arrived.empty():
            batch.append(source.arrived.get())
        if batch[-1] is _END:
            ended = True
            batch.pop()
        if batch:
            yield batch  # type: ignore[misc]
    source.end()


def batches_of(path: str, items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Batches of the items read from `path`: full ones from a file, else `ready_batches`.

    The last digit of a matrix product can depend on the number of rows. From a file, the same rows
    are always in one batch, so the answers are identical to the byte.
    """
    if not is_file(path):
        yield from ready_batches(items, size)
        return
    source = iter(items)
    while batch := list(itertools.islice(source, size)):
        yield batch


def ahead(items: Iterable[T], count: int = 2) -> Iterator[T]:
    """The items, made by another thread while earlier ones are used.

    Args:
        count: items that may wait.
    """
    source = _Background(items, count)
    while (item := source.arrived.get()) is not _END:
        yield item  # type: ignore[misc]
    source.end()
