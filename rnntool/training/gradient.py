"""The gradient of one batch: computed in one process, or in shares by several processes.

Several processes exchange gradients by torch's `DistributedDataParallel`, which sums them while the
backward pass still runs. Of token vectors it sends only the rows that were read.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rnntool.training.backend import Backend
from rnntool.training.group import Group, meeting
from rnntool.training.task import StepResult, Task


class _Step(nn.Module):
    """A task's forward pass over a model, as one module."""

    def __init__(self, model: nn.Module, task: Task, backend: Backend) -> None:
        super().__init__()
        self.model, self.task, self.backend = model, task, backend

    def forward(self, batch: Any) -> StepResult:
        with self.backend.autocast():
            return self.task.training_step(self.model, batch, self.backend.device)


class BatchGradient:
    """Puts the gradient of each batch's mean loss into the model."""

    def __init__(self, model: nn.Module, task: Task, backend: Backend, group: Group) -> None:
        self.model, self.task, self.group = model, task, group
        self.step = _Step(model, task, backend)
        self.shared: DistributedDataParallel | None = None

    def begin_epoch(self) -> None:
        """Call it before the first step, and when the set of trained parameters changes."""
        if self.group.size > 1:
            # A step may not use all parameters, such as the classes of an adaptive softmax.
            with warnings.catch_warnings():  # older torch lacks the new name of broadcast_buffers
                warnings.simplefilter("ignore", FutureWarning)
                self.shared = DistributedDataParallel(
                    self.step, broadcast_buffers=False, find_unused_parameters=True,
                    gradient_as_bucket_view=True,
                )  # fmt: skip

    def put(self, batch: Any) -> StepResult:
        """Compute the gradient of a batch; returns the loss.

        Raises:
            UserError: another process of the group has ended.
        """
        if self.shared is not None:
            with meeting():
                return self._put_shared(self.shared, batch)
        parts = self.task.parts(batch)
        if len(parts) == 1:
            result: StepResult = self.step(parts[0])
            result.loss.backward()  # type: ignore[no-untyped-call]
            return result
        sums = _Sums()
        for part in parts:
            sums.add(self.step(part)).backward()  # type: ignore[no-untyped-call]
        self._scale(1 / sums.count)
        return sums.mean(sums.values())

    def _put_shared(self, shared: DistributedDataParallel, batch: Any) -> StepResult:
        """Each process puts the sum of its share's losses, and torch takes the processes' mean.

        That mean, times the number of processes and divided by the number of examples in all
        shares, is the mean over the batch. If a batch is too small for a share, a process computes
        the first share with factor zero, since all processes must take part.
        """
        share = self.task.share(batch, self.group.rank, self.group.size)
        empty = share is None
        parts = self.task.parts(self.task.share(batch, 0, self.group.size) if empty else share)
        if empty:
            parts = parts[:1]
        sums = _Sums()
        for number, part in enumerate(parts):
            shared.require_backward_grad_sync = number == len(parts) - 1
            result = shared(part)
            loss = result.loss * 0 if empty else sums.add(result)
            loss.backward()
        values = self.group.sum(*sums.values())
        self._scale(self.group.size / values[0])
        return sums.mean(values)

    def _scale(self, factor: float) -> None:
        torch._foreach_mul_([p.grad for p in self.model.parameters() if p.grad is not None], factor)


class _Sums:
    """Sums over the parts of a batch, which is split if it does not fit into memory."""

    def __init__(self) -> None:
        self.count, self.loss, self.nats, self.correct = 0, 0.0, 0.0, 0
        self.counts_correct = False

    def add(self, result: StepResult) -> Tensor:
        """Count a part, and return its loss summed over its examples."""
        count = result.count
        self.count += count
        self.loss += result.loss.item() * count
        self.nats += (result.loss if result.nats is None else result.nats).item() * count
        self.correct += result.correct or 0
        self.counts_correct = result.correct is not None
        return result.loss * count

    def values(self) -> list[float]:
        return [self.count, self.loss, self.nats, self.correct]

    def mean(self, values: list[float]) -> StepResult:
        count, loss, nats, correct = values
        right = int(correct) if self.counts_correct else None
        return StepResult(torch.tensor(loss / count), int(count), right, torch.tensor(nats / count))
