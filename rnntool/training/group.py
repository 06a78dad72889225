"""The processes of torchrun that train one model together; or a single process.

Each process has the whole model, reads its share of every batch, and sums its gradient with those
of the others, so that all take the same step (synchronous data parallelism). This is what
`DistributedDataParallel` does in a backward hook, but with a weighted sum, since the mean loss
counts tokens and the shares have different numbers of them. Only the first process validates and
writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rnntool.errors import UserError
from rnntool.machine import process_count, process_rank

T = TypeVar("T")


@contextmanager
def _meeting() -> Iterator[None]:
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

    def join(self) -> None:
        """Connect to the other processes: over gloo on the CPU, over nccl with a GPU for each."""
        if self.size == 1 or dist.is_initialized():
            return
        cuda = torch.cuda.is_available()
        if cuda:
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
            with _meeting():
                dist.barrier()

    def sum(self, *values: float) -> list[float]:
        """The sum of each value over the processes."""
        if self.size == 1:
            return list(values)
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        total = torch.tensor(values, dtype=torch.float64, device=device)
        with _meeting():
            dist.all_reduce(total)
        found: list[float] = total.tolist()
        return found

    def from_first(self, value: T) -> T:
        """The value of the first process, in all processes."""
        if self.size == 1:
            return value
        held: list[Any] = [value]
        with _meeting():
            dist.broadcast_object_list(held, src=0)
        found: T = held[0]
        return found

    def sum_gradients(self, model: nn.Module) -> None:
        """Sum each parameter's gradient over the processes; a missing gradient counts as zero.

        Of the token vectors, only the rows of tokens in the batch are sent. They are few, and
        sending all of them would take a tenth of a step.
        """
        trained = [p for p in model.parameters() if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        vectors = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
        rows = [
            self._touched(g) if id(p) in vectors else None
            for p, g in zip(trained, gradients, strict=True)
        ]
        sent = [g if own is None else g[own] for g, own in zip(gradients, rows, strict=True)]
        flat = torch.cat([part.flatten() for part in sent])
        with _meeting():
            dist.all_reduce(flat)
        summed = torch.split(flat, [part.numel() for part in sent])
        for parameter, gradient, own, part in zip(trained, gradients, rows, summed, strict=True):
            if own is None:
                parameter.grad = part.view_as(parameter)
            else:
                gradient[own] = part.view(len(own), -1)
                parameter.grad = gradient

    def _touched(self, gradient: Tensor) -> Tensor | None:
        """Numbers of the rows that are not zero in some process; None if these are most rows."""
        seen = gradient.any(dim=1).to(torch.uint8)
        with _meeting():
            dist.all_reduce(seen, dist.ReduceOp.MAX)
        rows = seen.nonzero().flatten()
        return rows if 2 * len(rows) < len(seen) else None


@contextmanager
def joined_group() -> Iterator[Group]:
    """The group of this process, connected to the others inside the block.

    After an error this process does not wait for the others, since they may be waiting for it.
    """
    group = Group()
    group.join()
    yield group
    group.leave()
