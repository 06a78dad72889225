"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from rnntool.training.settings import TrainingSettings


def make_optimizer(settings: TrainingSettings, model: nn.Module) -> Optimizer:
    """The optimiser over the parameters that are trained; biases and gains are not decayed.

    With `--layer-decay` q a parameter d layers below the top learns at q^d of the rate
    (discriminative fine-tuning, Howard and Ruder 2018, §3.2); the model's `depth` says d.
    """
    found: dict[tuple[int, bool], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            depth = depth_of(model, name) if settings.layer_decay < 1 else 0
            found.setdefault((depth, parameter.dim() <= 1), []).append(parameter)
    groups = [
        {
            "params": parameters,
            "weight_decay": 0.0 if plain else settings.weight_decay,
            "lr": settings.lr * settings.layer_decay**depth,
        }
        for (depth, plain), parameters in sorted(found.items(), key=lambda item: item[0])
    ]
    # One fused pass over all parameters: with a large embedding the step is bound by memory.
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, fused=True)
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=settings.lr, betas=(0.9, 0.99), fused=True)


def depth_of(model: nn.Module, name: str) -> int:
    """How many layers below the top a parameter stands; 0 where the model does not say."""
    depth = getattr(model, "depth", None)
    return int(depth(name)) if callable(depth) else 0


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
                max_lr=[group["lr"] for group in optimizer.param_groups],
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


def unfreeze(model: nn.Module, optimizer: Optimizer, epoch: int, every: int) -> None:
    """Let the layers train whose turn has come (gradual unfreezing, Howard and Ruder 2018, §3.3).

    In the first `every` epochs the top layer alone, then one more layer after every so many. What
    is frozen for good (`--freeze`) is none of the optimiser's and stays so.
    """
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if id(parameter) in trained:
            parameter.requires_grad_(depth_of(model, name) <= (epoch - 1) // every)


def clip_gradient(parameters: Iterable[Tensor], threshold: float) -> float:
    """Clip by global norm and return the norm before: g ← g · threshold / ‖g‖ when ‖g‖ ≥ threshold.

    Pascanu et al. 2013, algorithm 1. A threshold of 0 measures and does not clip.
    """
    gradients = [_values(p) for p in parameters if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if threshold > 0 and norm >= threshold:
        scale = threshold / norm
        torch._foreach_mul_(gradients, scale)
    return float(norm)


def _values(parameter: Tensor) -> Tensor:
    """The numbers of a gradient; of a sparse one, those of its rows."""
    gradient = parameter.grad
    assert gradient is not None
    if not gradient.is_sparse:
        return gradient
    parameter.grad = gradient = gradient.coalesce()
    return gradient.values()
