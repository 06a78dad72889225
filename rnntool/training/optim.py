"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from rnntool.training.settings import TrainingSettings


def make_optimizer(settings: TrainingSettings, model: nn.Module) -> Optimizer:
    """The optimiser over the parameters that are trained; biases and gains are not decayed."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    # One fused pass over all parameters: with a large embedding the step is bound by memory.
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, fused=True)
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=settings.lr, betas=(0.9, 0.99), fused=True)


class Schedule:
    """The learning rate over the steps and epochs of one training.

    `one-cycle`: Smith and Topin 2018, "Super-Convergence"; warm-up over a quarter of the steps,
    then a cosine down to nothing; momentum mirrors it. `plateau`: half after an epoch that is no
    better.
    """

    def __init__(self, settings: TrainingSettings, optimizer: Optimizer, steps: int) -> None:
        self._by_step: LRScheduler | None = None
        self._by_epoch: ReduceLROnPlateau | None = None
        if settings.schedule == "one-cycle":
            self._by_step = OneCycleLR(
                optimizer,
                max_lr=settings.lr,
                total_steps=max(steps, 8),  # fewer leave its first phase without a step
                pct_start=0.25,
                cycle_momentum=settings.optimizer != "sgd" or settings.momentum > 0,
                base_momentum=0.85,
                max_momentum=0.95,
            )
        elif settings.schedule == "plateau":
            self._by_epoch = ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0)

    def after_step(self) -> None:
        """Move on by one step."""
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, score: float) -> None:
        """Move on by one epoch whose validation score (higher is better) is `score`."""
        if self._by_epoch is not None:
            self._by_epoch.step(score)

    def state_dict(self) -> dict[str, object]:
        """Where the schedule stands."""
        active = self._by_step or self._by_epoch
        if active is None:
            return {}
        plain = (bool, int, float, str, type(None), list)
        return {k: v for k, v in active.state_dict().items() if isinstance(v, plain)}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from where `state_dict` stood."""
        active = self._by_step or self._by_epoch
        if active is not None:
            active.load_state_dict(state)


def clip_gradient(parameters: Iterable[Tensor], threshold: float) -> float:
    """Clip by global norm and return the norm before: g ← g · threshold / ‖g‖ when ‖g‖ ≥ threshold.

    Pascanu et al. 2013, algorithm 1. A threshold of 0 measures and does not clip.
    """
    with_gradient = [p for p in parameters if p.grad is not None]
    gradients = [p.grad for p in with_gradient if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if threshold > 0 and norm >= threshold:
        scale = threshold / norm
        torch._foreach_mul_(gradients, scale)
    return float(norm)
