"""A stream in batches that never wait: what has arrived is a batch."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ready_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Batches of 1 to `size` items: a slow source gives small ones at once, a fast one full ones.

    A thread reads the source, at most two batches ahead. An error of the source is raised here,
    after the items before it.
    """
    arrived: queue.Queue[object] = queue.Queue(maxsize=2 * size)
    failure: list[BaseException] = []

    def read() -> None:
        try:
            for item in items:
                arrived.put(item)
        except BaseException as error:
            failure.append(error)
        arrived.put(_END)

    threading.Thread(target=read, daemon=True).start()
    ended = False
    while not ended:
        batch = [arrived.get()]
        while batch[-1] is not _END and len(batch) < size and not arrived.empty():
            batch.append(arrived.get())
        if batch[-1] is _END:
            ended = True
            batch.pop()
        if batch:
            yield batch  # type: ignore[misc]
    if failure:
        raise failure[0]
