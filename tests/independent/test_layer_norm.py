"""Layer normalisation in each cell, against its equations written here."""

from __future__ import annotations

import pytest
import torch

from rnntool.models.written import WrittenLayer

H, D, T = 4, 3, 5


def norm(layer: WrittenLayer, place: str, v: torch.Tensor) -> torch.Tensor:
    """Ba et al. 2016, equation 4: g ⊙ (v − μ) / σ + b, with torch's ε under the root."""
    own = layer.norms[place]
    mean = v.mean()
    deviation = torch.sqrt(((v - mean) ** 2).mean() + 1e-5)
    return own.weight * (v - mean) / deviation + own.bias


def step(layer: WrittenLayer, cell: str, x, h, c):
    W, U = layer.weight_ih_l0, layer.weight_hh_l0
    b, d = layer.bias_ih_l0, layer.bias_hh_l0
    if cell in ("rnn", "rnn-relu"):
        total = norm(layer, "sum", W @ x + U @ h) + b + d
        return (torch.tanh(total) if cell == "rnn" else torch.relu(total)), c
    if cell == "lstm":
        i, f, g, o = (norm(layer, "x", W @ x) + norm(layer, "h", U @ h) + b + d).split(H)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(norm(layer, "c", c)), c
    a = norm(layer, "x", W @ x) + b
    if cell == "gru":
        u = norm(layer, "h", U @ h) + d
        r, z = torch.sigmoid(a[:H] + u[:H]), torch.sigmoid(a[H : 2 * H] + u[H : 2 * H])
        g = torch.tanh(a[2 * H :] + r * u[2 * H :])
        return (1 - z) * g + z * h, c
    a = a + d
    gates = norm(layer, "h", U[: 2 * H] @ h)
    r, z = torch.sigmoid(a[:H] + gates[:H]), torch.sigmoid(a[H : 2 * H] + gates[H:])
    g = torch.tanh(a[2 * H :] + norm(layer, "g", U[2 * H :] @ (r * h)))
    return (1 - z) * g + z * h, c


@pytest.mark.parametrize("cell", ["rnn", "rnn-relu", "lstm", "gru", "gru-reset-before"])
@pytest.mark.parametrize("B", [1, 3])
def test_each_cell_from_a_state_that_is_not_zero(cell, B):
    torch.manual_seed(2)
    layer = WrittenLayer(cell, D, H, layer_norm=True).double()
    with torch.no_grad():
        for own in layer.norms.values():  # gains and biases that do something
            own.weight.uniform_(0.5, 1.5)
            own.bias.uniform_(-0.5, 0.5)
    x = torch.randn(T, B, D).double()
    h, c = torch.randn(1, B, H).double(), torch.randn(1, B, H).double()
    found, _ = layer(x, (h, c) if cell == "lstm" else h)
    for row in range(B):
        own_h, own_c = h[0, row], c[0, row]
        for t in range(T):
            own_h, own_c = step(layer, cell, x[t, row], own_h, own_c)
            torch.testing.assert_close(found[t, row], own_h, rtol=1e-12, atol=1e-12)
