"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from rnntool.training.settings import TrainingSettings


def make_optimizer(settings: TrainingSettings, model: nn.Module) -> Optimizer:
    """The optimiser of the trained parameters; biases and gains have no weight decay.

    With `--layer-decay` q, the learning rate of a parameter d layers below the top is multiplied by
    q^d (discriminative fine-tuning, Howard and Ruder 2018, §3.2). The model's `depth` gives d.
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
    # One fused pass over all parameters: with a large embedding, memory limits the step.
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, fused=True)
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=settings.lr, betas=(0.9, 0.99), fused=True)


def depth_of(model: nn.Module, name: str) -> int:
    """How many layers below the top a parameter is; 0 if the model has no `depth`."""
    depth = getattr(model, "depth", None)
    return int(depth(name)) if callable(depth) else 0


class Schedule:
    """The learning rate over the steps and epochs of one training.

    `one-cycle` (Smith and Topin 2018, "Super-Convergence"): warm-up over a quarter of the steps,
    then a cosine to almost zero; momentum changes in the opposite direction. `plateau`: halved
    after an epoch without a better score.
    """

    def __init__(self, settings: TrainingSettings, optimizer: Optimizer, steps: int) -> None:
        self._by_step: LRScheduler | None = None
        self._by_epoch: ReduceLROnPlateau | None = None
        if settings.schedule == "one-cycle":
            self._by_step = OneCycleLR(
                optimizer,
                max_lr=[group["lr"] for group in optimizer.param_groups],
                total_steps=max(steps, 8),  # with fewer, its first phase has no step
                pct_start=0.25,
                cycle_momentum=settings.optimizer != "sgd" or settings.momentum > 0,
                base_momentum=0.85,
                max_momentum=0.95,
            )
        elif settings.schedule == "plateau":
            self._by_epoch = ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0)

    def after_step(self) -> None:
        """Update the learning rate after one step."""
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, score: float) -> None:
        """Update the learning rate after an epoch with this validation score (higher is better)."""
        if self._by_epoch is not None:
            self._by_epoch.step(score)

    def state_dict(self) -> dict[str, object]:
        """The state of the schedule, for a checkpoint."""
        active = self._by_step or self._by_epoch
        if active is None:
            return {}
        plain = (bool, int, float, str, type(None), list)
        return {k: v for k, v in active.state_dict().items() if isinstance(v, plain)}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Restore the state from `state_dict`."""
        active = self._by_step or self._by_epoch
        if active is not None:
            active.load_state_dict(state)


def unfreeze(model: nn.Module, optimizer: Optimizer, epoch: int, every: int) -> None:
    """Gradual unfreezing (Howard and Ruder 2018, §3.3): train more layers in later epochs.

    In the first `every` epochs only the top layer is trained, then one more after every `every`
    epochs. Parameters that `--freeze` excludes from the optimiser stay frozen.
    """
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if id(parameter) in trained:
            parameter.requires_grad_(depth_of(model, name) <= (epoch - 1) // every)


def clip_gradient(parameters: Iterable[Tensor], threshold: float) -> float:
    """Clip by global norm, g ← g · threshold / ‖g‖ if ‖g‖ ≥ threshold; return the norm before.

    Pascanu et al. 2013, algorithm 1. With a threshold of 0, only the norm is computed.
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
