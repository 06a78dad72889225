"""Facts about the machine that need no library."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores this process may use (a container's limit counts)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
