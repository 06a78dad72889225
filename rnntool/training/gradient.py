"""The gradient of one batch: of all of it here, or of a share in each process of a group."""

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
    """Add the gradient of a batch's mean loss to the model's, and say what the loss was."""
    if group.size > 1:
        return _put_shared(model, task, batch, backend, group)
    with backend.autocast():
        result = task.training_step(model, batch, backend.device)
    result.loss.backward()  # type: ignore[no-untyped-call]
    return result


def _put_shared(
    model: nn.Module, task: Task, batch: Any, backend: Backend, group: Group
) -> StepResult:
    """The mean over the batch is the sum of the shares' means, each by how much of it it holds."""
    result = None
    share = task.share(batch, group.rank, group.size)
    if share is not None:
        with backend.autocast():
            result = task.training_step(model, share, backend.device)
    (count,) = group.sum(0 if result is None else result.count)
    loss, nats, correct = 0.0, 0.0, 0
    if result is not None:
        weighted = result.loss * (result.count / count)
        weighted.backward()  # type: ignore[no-untyped-call]
        loss, correct = weighted.detach().item(), result.correct or 0
        nats = loss if result.nats is None else result.nats.item() * result.count / count
    group.sum_gradients(model)
    loss, nats, right = group.sum(loss, nats, correct)
    known = result is not None and result.correct is not None
    return StepResult(
        torch.tensor(loss), int(count), int(right) if known else None, torch.tensor(nats)
    )
