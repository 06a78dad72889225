"""Several processes that train one model together, as torchrun starts them; or this one alone.

Each holds the whole model, reads its share of every batch, and adds its gradient to the others', so
that all take the same step (synchronous data parallelism). What `DistributedDataParallel` does in a
backward hook stands here in the open, and the sum is weighted: a batch's mean loss counts tokens,
and the shares hold different numbers of them. The first process alone validates and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from rnntool.errors import UserError
from rnntool.machine import process_count, process_rank

T = TypeVar("T")


@contextmanager
def _meeting() -> Iterator[None]:
    """Raise a UserError where another process is no longer there to be met."""
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"another process of this training has ended: {reason}",
                        hint="what it said stands above") from None  # fmt: skip


class Group:
    """The processes of this training.

    Attributes:
        rank: this one's number; 0 is the first.
        size: how many there are.
    """

    def __init__(self) -> None:
        self.rank, self.size = process_rank(), process_count()

    @property
    def first(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def join(self) -> None:
        """Meet the others: over gloo on the CPU, over nccl with a GPU for each."""
        if self.size == 1 or dist.is_initialized():
            return
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        dist.init_process_group("nccl" if cuda else "gloo")

    def leave(self) -> None:
        """Wait for the others' last word, and part."""
        if self.size > 1:
            self.wait()
            dist.destroy_process_group()

    def seed(self, seed: int) -> None:
        """Other random numbers (dropout) in each process; the weights were drawn alike before."""
        if not self.first:
            torch.manual_seed(seed + self.rank)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            with _meeting():
                dist.barrier()

    def sum(self, *values: float) -> list[float]:
        """Each value, summed over the processes."""
        if self.size == 1:
            return list(values)
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        total = torch.tensor(values, dtype=torch.float64, device=device)
        with _meeting():
            dist.all_reduce(total)
        found: list[float] = total.tolist()
        return found

    def from_first(self, value: T) -> T:
        """The first process's value, in all."""
        if self.size == 1:
            return value
        held: list[Any] = [value]
        with _meeting():
            dist.broadcast_object_list(held, src=0)
        found: T = held[0]
        return found

    def sum_gradients(self, model: nn.Module) -> None:
        """Each parameter's gradient, summed over the processes; none counts as zero."""
        trained = [p for p in model.parameters() if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with _meeting():
            dist.all_reduce(flat)
        parts = torch.split(flat, [p.numel() for p in trained])
        for parameter, part in zip(trained, parts, strict=True):
            parameter.grad = part.view_as(parameter)
