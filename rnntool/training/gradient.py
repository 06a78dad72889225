"""The gradient of one batch: computed here, or a share of it in each process of a group."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from rnntool.training.backend import Backend
from rnntool.training.group import Group
from rnntool.training.task import StepResult, Task


def put_gradient(
    model: nn.Module, task: Task, batch: Any, backend: Backend, group: Group
) -> StepResult:
    """Compute the gradient of a batch's mean loss into the model, and return the loss."""
    if group.size > 1:
        return _put_shared(model, task, batch, backend, group)
    return _put_parts(model, task, task.parts(batch), backend)


def _put_parts(model: nn.Module, task: Task, parts: list[Any], backend: Backend) -> StepResult:
    """Compute the parts one after the other, for a batch that is too large for memory.

    The mean over the batch is the mean of the parts' means, weighted by their sizes. So the
    gradients of the sums are added up, and divided by the total size at the end.
    """
    if len(parts) == 1:
        result = _step(model, task, parts[0], backend)
        result.loss.backward()  # type: ignore[no-untyped-call]
        return result
    count, correct, loss, nats = 0, None, 0.0, 0.0
    for part in parts:
        own = _step(model, task, part, backend)
        (own.loss * own.count).backward()  # type: ignore[no-untyped-call]
        count += own.count
        loss += own.loss.item() * own.count
        nats += (own.loss if own.nats is None else own.nats).item() * own.count
        if own.correct is not None:
            correct = (correct or 0) + own.correct
    _scale_gradients(model, 1 / count)
    return StepResult(torch.tensor(loss / count), count, correct, torch.tensor(nats / count))


def _put_shared(
    model: nn.Module, task: Task, batch: Any, backend: Backend, group: Group
) -> StepResult:
    """Compute this process's share; the mean over the batch weights each share by its size."""
    result = None
    share = task.share(batch, group.rank, group.size)
    parts = [] if share is None else task.parts(share)
    if len(parts) == 1:
        result = _step(model, task, parts[0], backend)
    elif parts:
        result = _put_parts(model, task, parts, backend)
    (count,) = group.sum(0 if result is None else result.count)
    loss, nats, correct = 0.0, 0.0, 0
    if result is not None:
        weighted = result.loss * (result.count / count)
        if len(parts) == 1:
            weighted.backward()  # type: ignore[no-untyped-call]
        else:
            _scale_gradients(model, result.count / count)
        loss, correct = weighted.detach().item(), result.correct or 0
        nats = loss if result.nats is None else result.nats.item() * result.count / count
    group.sum_gradients(model)
    loss, nats, right = group.sum(loss, nats, correct)
    known = result is not None and result.correct is not None
    return StepResult(
        torch.tensor(loss), int(count), int(right) if known else None, torch.tensor(nats)
    )


def _step(model: nn.Module, task: Task, batch: Any, backend: Backend) -> StepResult:
    with backend.autocast():
        return task.training_step(model, batch, backend.device)


def _scale_gradients(model: nn.Module, factor: float) -> None:
    torch._foreach_mul_([p.grad for p in model.parameters() if p.grad is not None], factor)
