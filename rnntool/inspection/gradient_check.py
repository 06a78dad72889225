"""`inspect-grad --check`: compute a gradient in three ways, on the user's model and text.

Our NumPy code (cells/), torch's autograd and central finite differences, for each recurrent
parameter. The finite differences use some entries of each, including the largest ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rnntool.cells import Array, largest_relative_difference, unroll_stack
from rnntool.cells.torch_layout import gradients_to_torch, to_torch
from rnntool.errors import UserError
from rnntool.inspection.probe import Probe

_MODULES = {"rnn": nn.RNN, "rnn-relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_EPSILON = 1e-5
# Torch's names for the parameters of the equations.
_TORCH = {"W_xh": "weight_ih", "W_hh": "weight_hh", "b": "bias_ih", "b_hg": "bias_hh"}


@dataclass(frozen=True)
class Difference:
    """Largest relative differences of one parameter's gradient."""

    parameter: str
    norm: float
    autograd: float  # NumPy against autograd
    finite: float  # NumPy against finite differences


def check_gradients(probe: Probe, entries: int, seed: int = 0) -> list[Difference]:
    """Compare the three gradients for every parameter of the recurrent layers.

    Args:
        entries: number of entries per parameter for finite differences.

    Raises:
        UserError: torch has no such cell.
    """
    cell, layers = probe.network.cell, probe.network.layers
    if cell.name not in _MODULES:
        raise UserError(f"torch has no cell {cell.name!r} to compare with")
    run = unroll_stack(cell, layers, probe.x)
    doutputs = probe.head(run.outputs).doutputs
    gradients = run.backward(doutputs)
    by_hand = gradients_to_torch(gradients)
    by_autograd = _autograd(probe, doutputs)
    found = []
    for n, layer in enumerate(gradients.layers):
        for d, gradient in enumerate(layer):
            suffix = f"_l{n}" + ("_reverse" if d else "")
            for name, weight in layers[n][d].items():
                value = gradient.dweights[f"d{name}"]
                own = _TORCH[name] + suffix
                rows = slice(-len(value), None)  # b_hg is the last block of torch's second bias
                found.append(Difference(
                    f"layer {n + 1} {('forward', 'backward')[d]} {name}",
                    float(np.linalg.norm(value)),
                    largest_relative_difference(by_hand[own][rows], by_autograd[own][rows]),
                    _finite(probe, weight, value, entries, seed),
                ))  # fmt: skip
    return found


def _autograd(probe: Probe, doutputs: Array) -> dict[str, Array]:
    """torch's gradients of Σ outputs ⊙ ∂L/∂outputs, which equal those of L."""
    network = probe.network
    keywords = {"nonlinearity": "relu"} if network.cell.name == "rnn-relu" else {}
    module = _MODULES[network.cell.name](
        probe.x.shape[2], network.hidden, len(network.layers), batch_first=True,
        bidirectional=network.directions == 2, dtype=torch.float64, **keywords,
    )  # fmt: skip
    weights = to_torch(network.cell, network.layers)
    module.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})
    outputs, _ = module(torch.from_numpy(probe.x))
    outputs.backward(torch.from_numpy(doutputs))
    return {n: p.grad.numpy() for n, p in module.named_parameters() if p.grad is not None}


def _finite(probe: Probe, weight: Array, gradient: Array, entries: int, seed: int) -> float:
    """Largest difference at the largest entries and at some random ones."""
    flat, slope = weight.reshape(-1), gradient.reshape(-1)
    largest = np.argsort(-np.abs(slope), kind="stable")[: entries // 2]
    drawn = np.random.default_rng(seed).integers(0, flat.size, entries - len(largest))
    places = np.unique(np.concatenate([largest, drawn]))
    numeric = np.array([_slope(probe, flat, place) for place in places])
    scale = np.maximum(
        np.maximum(np.abs(numeric), np.abs(slope[places])), 1e-3 * np.abs(slope).max()
    )
    return float((np.abs(numeric - slope[places]) / np.maximum(scale, 1e-300)).max())


def _slope(probe: Probe, flat: Array, place: int) -> float:
    def loss() -> float:
        run = unroll_stack(probe.network.cell, probe.network.layers, probe.x, gradient=False)
        return probe.head(run.outputs).loss

    kept = flat[place]
    try:
        flat[place] = kept + _EPSILON
        above = loss()
        flat[place] = kept - _EPSILON
        return (above - loss()) / (2 * _EPSILON)
    finally:
        flat[place] = kept
