"""From the states of all steps to one vector.

Shapes: B batch, T time, H hidden (both directions together).
"""

from __future__ import annotations

import torch
from torch import Tensor


def pool(kind: str, states: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
    """`last`, `max` or `mean` over the real steps, or `all` three side by side.

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
    lowest = torch.finfo(states.dtype).min
    best = states.masked_fill(~real, lowest).amax(dim=1)
    return best * real.any(dim=1)


def _mean(states: Tensor, real: Tensor) -> Tensor:
    count = real.sum(dim=1).clamp(min=1)
    return states.masked_fill(~real, 0).sum(dim=1) / count
