"""Facts about the machine that need no library."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "microseconds allowed, microseconds of a period"


def usable_cores() -> int:
    """Cores this process may use: its affinity and its container's quota count.

    Processes that torchrun started on this machine share them.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    shared_by = int(os.environ.get("LOCAL_WORLD_SIZE", 1)) if process_count() > 1 else 1
    return max(1, min(cores or 1, _quota()) // shared_by)


def _quota() -> int:
    try:
        allowed, period = _QUOTA.read_text(encoding="ascii").split()
        return math.ceil(int(allowed) / int(period))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return 1 << 16


def may_have_gpu() -> bool:
    """Whether NVIDIA's driver is here: seen from its files, since asking torch takes seconds."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()


def process_rank() -> int:
    """This process's number among those that torchrun started; 0 where it started none."""
    return int(os.environ.get("RANK", 0)) if process_count() > 1 else 0


def process_count() -> int:
    """How many processes torchrun started to train together."""
    together = {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= set(os.environ)
    return int(os.environ["WORLD_SIZE"]) if together else 1


def one_blas_thread() -> None:
    """Let NumPy multiply on one thread; call it before NumPy is imported.

    Matrices of a few hundred rows gain little from a second thread, whose waiting costs as much
    again where the machine is shared. A user's own setting stays.
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def short_openmp_spin() -> None:
    """Let torch's threads sleep soon where they wait for each other; call it before torch.

    By default they spin, each on a core that another process may need: of two trainings on the same
    cores each took over ten times as long as alone. After a thousand rounds they sleep, and alone
    nothing is slower. What a user has said of waiting stays.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = "1000"
