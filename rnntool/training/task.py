"""The interface between the training loop and a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass
class StepResult:
    """The result of one forward pass."""

    loss: Tensor  # scalar to minimise, a mean over examples or tokens
    count: int  # number of these examples or tokens
    correct: int | None = None  # how many of them were right, if that is defined
    nats: Tensor | None = None  # the loss to report, if `loss` includes a penalty


class Task(Protocol):
    """The batches, the loss and the validation figures of a task."""

    unit: str  # what the progress counts, such as "reviews" or "tokens"
    monitor: str  # the validation metric that decides which epoch is best
    higher_is_better: bool
    validates: bool = True  # whether there is validation data

    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""

    def examples_per_epoch(self) -> int:
        """Number of examples in one epoch."""

    def epoch_batches(self, epoch: int) -> Sequence[Any]:
        """The batches of an epoch, in order; they depend only on the seed and the epoch."""

    def share(self, batch: Any, rank: int, size: int) -> Any | None:
        """The part of a batch for process `rank` of `size`; None if there is none."""

    def parts(self, batch: Any) -> list[Any]:
        """The batch in parts that are computed in turn; one part if it fits in memory."""
        return [batch]

    def training_step(self, model: nn.Module, batch: Any, device: torch.device) -> StepResult:
        """The loss on one batch."""

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Metrics on the validation data; the model is in evaluation mode."""

    def carried(self) -> dict[str, Tensor]:
        """The recurrent state [·, B, …] that one step passes to the next, for a checkpoint."""
        return {}

    def carry_on(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Restore the state from `carried`."""
        return

    def after_step(self, model: nn.Module) -> None:
        """Called after the weights are updated."""
        return
