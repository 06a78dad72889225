"""An exponential moving average of the weights (Polyak and Juditsky 1992).

The average of the last steps is closer to the middle of a flat minimum than a single step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """`average ← d · average + (1 − d) · weights` after each step.

    After n steps, d is at most (1 + n) / (10 + n), so that the initial weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.apart: set[str] = set()  # names of weights that are averaged elsewhere
        self.weights = {name: t.detach().clone() for name, t in _trained(model).items()}
        self.weights["steps"] = torch.zeros((), dtype=torch.int64)

    def update(self, model: nn.Module) -> None:
        """Add the current weights to the average."""
        decay = self.coming_decay()
        self.weights["steps"] += 1
        trained = {name: t for name, t in _trained(model).items() if name not in self.apart}
        if not trained:
            return
        torch._foreach_lerp_(
            [self.weights[name] for name in trained],
            [t.detach() for t in trained.values()],
            1 - decay,
        )

    def restore(self, weights: dict[str, Tensor]) -> None:
        """Continue with a checkpoint's average, which was read onto the CPU."""
        self.weights = {name: weights[name].to(own.device) for name, own in self.weights.items()}

    def coming_decay(self) -> float:
        """The decay d of the next step."""
        steps = int(self.weights["steps"])
        return min(self.decay, (1 + steps) / (10 + steps))

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Use the average as the model's weights inside the block."""
        trained = _trained(model)
        kept = {name: t.detach().clone() for name, t in trained.items()}
        _copy(self.weights, trained)
        try:
            yield
        finally:
            _copy(kept, trained)


def _trained(model: nn.Module) -> dict[str, Tensor]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _copy(source: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in target.items():
            tensor.copy_(source[name])
