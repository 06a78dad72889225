"""The equations once more, in torch, gate by gate as papers write them: the tests' other source.

Nothing here is stacked or batched over time, and autograd differentiates it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, sigmoid, tanh

P = dict[str, Tensor]
States = tuple[Tensor, ...]


def affine(p: P, gate: int, x: Tensor, h: Tensor) -> Tensor:
    """W_x x + W_h h + b of one gate, row b of the batch by row."""
    H = p["W_hh"].shape[1]
    at = slice(gate * H, (gate + 1) * H)
    return torch.stack(
        [
            p["W_xh"][at] @ x_b + p["W_hh"][at] @ h_b + p["b"][at]
            for x_b, h_b in zip(x, h, strict=True)
        ]
    )


def rnn(f: Callable[[Tensor], Tensor]) -> Callable[[P, Tensor, States], States]:
    return lambda p, x, s: (f(affine(p, 0, x, s[0])),)


def lstm(p: P, x: Tensor, s: States) -> States:
    h, c = s
    i, f = sigmoid(affine(p, 0, x, h)), sigmoid(affine(p, 1, x, h))
    g, o = tanh(affine(p, 2, x, h)), sigmoid(affine(p, 3, x, h))
    c = f * c + i * g
    return o * tanh(c), c


def gru_reset_before(p: P, x: Tensor, s: States) -> States:
    (h,) = s
    r, z = sigmoid(affine(p, 0, x, h)), sigmoid(affine(p, 1, x, h))
    g = tanh(affine(p, 2, x, r * h))
    return ((1 - z) * g + z * h,)


def gru_reset_after(p: P, x: Tensor, s: States) -> States:
    (h,) = s
    H = h.shape[1]
    r, z = sigmoid(affine(p, 0, x, h)), sigmoid(affine(p, 1, x, h))
    inside = h @ p["W_hh"][2 * H :].T + p["b_hg"]
    g = tanh(affine(p, 2, x, torch.zeros_like(h)) + r * inside)
    return ((1 - z) * g + z * h,)


STEPS: dict[str, Callable[[P, Tensor, States], States]] = {
    "rnn": rnn(tanh),
    "rnn-relu": rnn(torch.relu),
    "rnn-sigmoid": rnn(sigmoid),
    "lstm": lstm,
    "gru": gru_reset_after,
    "gru-reset-before": gru_reset_before,
}
