"""What the training loop needs to know of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass
class StepResult:
    """What one forward pass says."""

    loss: Tensor  # scalar to be minimised
    count: int  # examples (or tokens) it is the mean of
    correct: int | None = None  # how many of them were right, where that has a meaning
    nats: Tensor | None = None  # the loss to report, where a penalty was added to it


class Task(Protocol):
    """Data, loss and metrics: what a batch is, and how good the model is at it."""

    unit: str  # what is counted, for the display: "reviews", "tokens"
    monitor: str  # the validation metric that decides which epoch is best
    higher_is_better: bool
    validates: bool = True  # whether there are validation data

    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""

    def examples_per_epoch(self) -> int:
        """Examples in one epoch."""

    def epoch_batches(self, epoch: int) -> Sequence[Any]:
        """The batches of an epoch in their order: a function of the seed and the epoch alone."""

    def share(self, batch: Any, rank: int, size: int) -> Any | None:
        """The part of a batch that process `rank` of `size` reads; None: there is none for it."""

    def parts(self, batch: Any) -> list[Any]:
        """A batch as parts that are computed one after the other: one, if memory holds it whole."""
        return [batch]

    def training_step(self, model: nn.Module, batch: Any, device: torch.device) -> StepResult:
        """The loss on one batch."""

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Metrics on the validation data; the model is in evaluation mode."""

    def carried(self) -> dict[str, Tensor]:
        """What one step hands to the next beside the weights (a recurrent state)."""
        return {}

    def carry_on(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Take up what `carried` gave."""
        return

    def after_step(self, model: nn.Module) -> None:
        """Called when the weights have moved."""
        return
