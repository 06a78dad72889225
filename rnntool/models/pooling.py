"""From the states of all steps to one vector.

Shapes: B batch, T time, H hidden (both directions together).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def pool(kind: str, states: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
    """`last`, `max` or `mean` over the real steps; `all`: the three side by side.

    Args:
        states: [B, T, H]; padded steps are left out.
        last: [B, H].
        lengths: [B]; an empty row pools to zeros.

    Returns:
        [B, H], or [B, 3·H] for `all`.
    """
    if kind == "last":
        return last
    real = (torch.arange(states.shape[1], device=lengths.device) < lengths.unsqueeze(1)).unsqueeze(
        -1
    )
    parts = {"max": _max, "mean": _mean}
    if kind in parts:
        return parts[kind](states, real)
    return torch.cat([last, _max(states, real), _mean(states, real)], dim=-1)


def pooled_dim(kind: str, dim: int) -> int:
    """Size of what `pool` returns for states of size `dim`."""
    return 3 * dim if kind == "all" else dim


def _max(states: Tensor, real: Tensor) -> Tensor:
    """[B, H], the highest state of the real steps; 0 in an empty row."""
    best = _Max.apply if _learns(states) else _max_of_real
    highest: Tensor = best(states, real)
    return highest * real.any(dim=1)


def _max_of_real(states: Tensor, real: Tensor) -> Tensor:
    return _lowered(states, real).amax(dim=1)


def _lowered(states: Tensor, real: Tensor) -> Tensor:
    """The states, with the lowest finite number at padded steps."""
    lowest = torch.finfo(states.dtype).min
    return torch.minimum(
        states, torch.full_like(states[..., :1], lowest).masked_fill(real, torch.inf)
    )


class _Max(torch.autograd.Function):
    """The gradient goes to the step with the highest state, in equal parts where several have it.

    This is torch's own gradient. Torch computes it with Boolean tensors, which takes three times as
    long on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, real: Tensor) -> Tensor:
        states = _lowered(states, real)
        best = states.amax(dim=1)
        ctx.save_for_backward(states, best)
        return best

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        states, best = ctx.saved_tensors
        hit = torch.eq(states, best.unsqueeze(1), out=torch.empty_like(states))
        return hit.mul_((gradient / hit.sum(dim=1)).unsqueeze(1)), None


def _mean(states: Tensor, real: Tensor) -> Tensor:
    """[B, H], the mean of the real steps; 0 in an empty row."""
    count = real.sum(dim=1).clamp(min=1)
    if _learns(states) and states.device.type == "cpu":
        # A product with ones and zeros, and its gradient, take half as long as a masked sum. But a
        # state without bounds may overflow in a long padding, and 0 · inf is not a number.
        total = (real.to(states.dtype).transpose(1, 2) @ states).squeeze(1)
        if bool(torch.isfinite(total).all()):
            return total / count
    return states.masked_fill(~real, 0).sum(dim=1) / count


def _learns(states: Tensor) -> bool:
    """Whether a gradient is needed (not, for example, in the export to ONNX)."""
    return torch.is_grad_enabled() and states.requires_grad
