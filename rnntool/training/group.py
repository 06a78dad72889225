"""The processes of torchrun that train one model together; or a single process.

Each process has the whole model and reads its share of every batch. gradient.py exchanges the
gradients, so that all take the same step. Only the first process validates and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from rnntool.errors import UserError
from rnntool.machine import process_count, process_rank

T = TypeVar("T")


@contextmanager
def meeting() -> Iterator[None]:
    """Raise a UserError if another process has ended."""
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"another process of this training has ended: {reason}",
                        hint="see its message above") from None  # fmt: skip


class Group:
    """The processes of this training.

    Attributes:
        rank: number of this process; 0 is the first.
        size: number of processes.
    """

    def __init__(self) -> None:
        self.rank, self.size = process_rank(), process_count()

    @property
    def first(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def join(self, device: str = "auto") -> None:
        """Connect to the other processes: over gloo on the CPU, over nccl with a GPU for each.

        Args:
            device: as the user chose it.

        Raises:
            UserError: this machine has fewer GPUs than processes.
        """
        if self.size == 1 or dist.is_initialized():
            return
        cuda = device != "cpu" and torch.cuda.is_available()
        if cuda:
            # Each process finds this, since only the first one's message is shown.
            here, found = int(os.environ.get("LOCAL_WORLD_SIZE", 1)), torch.cuda.device_count()
            if here > found:
                raise UserError(f"each process needs a GPU, and torch finds {found} for {here}",
                                hint=f"give --nproc-per-node {found}, or --device cpu")  # fmt: skip
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        dist.init_process_group("nccl" if cuda else "gloo")

    def leave(self) -> None:
        """Wait for the other processes, and disconnect."""
        if self.size > 1:
            self.wait()
            dist.destroy_process_group()

    def seed(self, seed: int) -> None:
        """Give each process different random numbers (dropout); the initial weights are equal."""
        if not self.first:
            torch.manual_seed(seed + self.rank)

    def wait(self) -> None:
        """Wait until all processes have arrived here."""
        if self.size > 1:
            with meeting():
                dist.barrier()

    def sum(self, *values: float) -> list[float]:
        """The sum of each value over the processes."""
        if self.size == 1:
            return list(values)
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        total = torch.tensor(values, dtype=torch.float64, device=device)
        with meeting():
            dist.all_reduce(total)
        found: list[float] = total.tolist()
        return found

    def from_first(self, value: T) -> T:
        """The value of the first process, in all processes."""
        if self.size == 1:
            return value
        held: list[Any] = [value]
        with meeting():
            dist.broadcast_object_list(held, src=0)
        found: T = held[0]
        return found

    def gather(self, value: T) -> list[T]:
        """Each process's value, in order of their numbers, in all."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        with meeting():
            dist.all_gather_object(found, value)
        return found


@contextmanager
def joined_group(device: str = "auto") -> Iterator[Group]:
    """The group of this process, connected to the others inside the block.

    After an error this process does not wait for the others, since they may be waiting for it.

    Args:
        device: as the user chose it.

    Raises:
        UserError: this machine has fewer GPUs than processes.
    """
    group = Group()
    group.join(device)
    yield group
    group.leave()
