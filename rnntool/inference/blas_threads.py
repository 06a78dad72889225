"""How many threads NumPy uses for a matrix product, while several threads compute products."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

_lock = Lock()
_inside = 0  # threads in the block below
_limits: threadpool_limits | None = None  # while there are any


@contextmanager
def products_on_own_threads() -> Iterator[None]:
    """Inside the block, each product is computed by the thread that asks for it.

    Otherwise all would share NumPy's threads, which use the CPU while they wait for each other:
    answers took half as long again, and several times as long beside another program. The number
    of threads belongs to the whole process, so it is restored when no thread is in the block any
    more, whatever the order in which they leave.
    """
    global _inside, _limits
    with _lock:
        if _inside == 0:
            _limits = threadpool_limits(1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _limits is not None:
                _limits.restore_original_limits()
                _limits = None
