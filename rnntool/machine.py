"""Facts about the machine that need no library."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "microseconds allowed, microseconds of a period"


def usable_cores() -> int:
    """Cores this process may use: its affinity and its container's quota count."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota()))


def _quota() -> int:
    try:
        allowed, period = _QUOTA.read_text(encoding="ascii").split()
        return math.ceil(int(allowed) / int(period))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return 1 << 16


def one_blas_thread() -> None:
    """Let NumPy multiply on one thread; call it before NumPy is imported.

    Matrices of a few hundred rows gain little from a second thread, whose waiting costs as much
    again where the machine is shared. A user's own setting stays.
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
