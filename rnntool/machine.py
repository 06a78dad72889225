"""Facts about the machine that need no library."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "microseconds allowed, microseconds of a period"


def usable_cores() -> int:
    """Cores that this process may use, limited by its affinity and its container's quota.

    Processes that torchrun started on this machine share the cores.
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
    """Whether NVIDIA's driver is installed: a look at its files, since torch takes seconds.

    `CUDA_VISIBLE_DEVICES` can hide all GPUs, from torch as well.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()


def process_rank() -> int:
    """The number of this process among those of torchrun; 0 without torchrun."""
    return int(os.environ.get("RANK", 0)) if process_count() > 1 else 0


def process_count() -> int:
    """How many processes torchrun started for one training; 1 without torchrun."""
    together = {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= set(os.environ)
    return int(os.environ["WORLD_SIZE"]) if together else 1


def one_blas_thread() -> None:
    """Make NumPy multiply matrices on one thread; call this before NumPy is imported.

    For matrices of a few hundred rows a second thread gains little, and its waiting costs as much
    time again on a shared machine. Variables that the user has set are kept.
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def short_spin() -> None:
    """Make the waiting threads of torch and NumPy sleep soon; call this before importing them.

    By default a waiting thread keeps its core busy, although another process may need it: two
    trainings on the same cores each took over ten times as long as one alone, and `generate` took
    twice as long as needed. With these limits a single process is no slower. Variables that the
    user has set are kept.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = "1000"
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "14")  # the logarithm of the clock cycles


def quiet_group() -> None:
    """Hide torch's advice to its programmers in a group of processes; call before importing torch.

    Each process would print a paragraph about a flag of DistributedDataParallel, which is needed
    for the models that do not use all parameters in every step. Errors are raised as before. A
    level that the user has set is kept.
    """
    if process_count() > 1:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")


# Of mallopt(3), as in <malloc.h>, with the environment variables that set the same.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": (-3, 1 << 30), "MALLOC_TRIM_THRESHOLD_": (-1, (1 << 31) - 1)}


def keep_freed_memory() -> None:
    """Let glibc keep large blocks of memory that are freed, for the next training step.

    By default it returns blocks of 32 MiB and more to the system, and gets them back page by page
    in every step: a BiLSTM of 192 units took up to a quarter longer. Variables that the user has
    set are kept; other C libraries have no such call, or one without effect.
    """
    if {*_MALLOC, "GLIBC_TUNABLES"} & set(os.environ):
        return
    import ctypes  # not needed to answer

    with contextlib.suppress(OSError, AttributeError, TypeError):
        for option, value in _MALLOC.values():
            ctypes.CDLL(None).mallopt(option, value)
