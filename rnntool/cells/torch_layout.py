"""Convert weights between torch.nn's layout and ours: dicts of NumPy arrays, without torch.

torch.nn.RNN, LSTM and GRU name the parameters of layer l `weight_ih_l{l}`, `weight_hh_l{l}`,
`bias_ih_l{l}`, `bias_hh_l{l}`, with `_reverse` after them in the second direction. Their gates
are stacked i f g o and r z n, as ours are (their n is our g). They have two biases for each gate
where the equations have one:

    b = b_ih + b_hh, except that GRU's b_hn stays separate: it is b_hg, inside the reset.

`to_torch` puts b into b_ih and sets b_hh to zero (except b_hn): the same function with other
numbers. torch.nn.GRU has no reset-before form; for `gru-reset-before` the same names hold the
weights of our own layer (models/written.py), which adds up the two biases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from rnntool.cells.cell import Array, Cell
from rnntool.cells.stack import Layers, StackGradients

_NAME = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh)_l(\d+)(_reverse)?")


def from_torch(
    cell: Cell, arrays: Mapping[str, Array], prefix: str = ""
) -> list[list[dict[str, Array]]]:
    """The weights [layer][direction] of the torch module whose parameters are `arrays`.

    prefix: the module's place in a larger model ("encoder.rnn."); names that do not start with
    it belong to other modules and are skipped. Layers and directions follow from the names; a
    module without biases gets zeros.
    Raises ValueError for a name that no torch recurrent layer has (a projected LSTM's
    weight_hr_l0 among them), a missing weight, or shapes that do not fit.
    """
    own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
    counted = _layers_and_directions(cell, own)
    return [
        [_weights(cell, own, suffix) for suffix in suffixes] for suffixes in _suffixes(*counted)
    ]


def to_torch(cell: Cell, layers: Layers, prefix: str = "") -> dict[str, Array]:
    """The parameters that torch's module needs to compute the same; the inverse of from_torch.

    Raises ValueError when the weights do not fit the cell.
    """
    arrays: dict[str, Array] = {}
    for suffixes, layer in zip(_suffixes(len(layers), len(layers[0])), layers, strict=True):
        for suffix, p in zip(suffixes, layer, strict=True):
            _, H = cell.check(p)
            bias_hh = np.zeros_like(p["b"])
            if "b_hg" in p:
                bias_hh[-H:] = p["b_hg"]
            values = (p["W_xh"], p["W_hh"], p["b"], bias_hh)
            arrays |= _named(values, prefix, suffix)
    return arrays


def gradients_to_torch(gradients: StackGradients) -> dict[str, Array]:
    """Parameter name -> its gradient, as torch's autograd would fill `parameter.grad`.

    Both biases of a gate enter as a sum, so both have the gradient of b (GRU's b_hn that of b_hg).
    """
    arrays: dict[str, Array] = {}
    layers = gradients.layers
    for suffixes, layer in zip(_suffixes(len(layers), len(layers[0])), layers, strict=True):
        for suffix, g in zip(suffixes, layer, strict=True):
            d = g.dweights
            dbias_hh = d["db"].copy()
            if "db_hg" in d:
                dbias_hh[-len(d["db_hg"]) :] = d["db_hg"]
            arrays |= _named((d["dW_xh"], d["dW_hh"], d["db"], dbias_hh), "", suffix)
    return arrays


def _layers_and_directions(cell: Cell, names: Iterable[str]) -> tuple[int, int]:
    layers, directions = 0, 1
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is no parameter of a torch {cell.name} layer")
        layers = max(layers, int(match[2]) + 1)
        directions = 2 if match[3] else directions
    if not layers:
        raise ValueError(f"no parameter of a torch {cell.name} layer here (weight_ih_l0, …)")
    return layers, directions


def _suffixes(layers: int, directions: int) -> list[list[str]]:
    return [[f"_l{n}{way}" for way in ("", "_reverse")[:directions]] for n in range(layers)]


def _weights(cell: Cell, arrays: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    missing = [f"{n}{suffix}" for n in ("weight_ih", "weight_hh") if f"{n}{suffix}" not in arrays]
    if missing:
        raise ValueError(f"missing parameter {missing[0]!r} of a torch {cell.name} layer")
    W_xh, W_hh = arrays[f"weight_ih{suffix}"], arrays[f"weight_hh{suffix}"]
    zeros = np.zeros(len(W_hh), W_hh.dtype)
    b_ih, b_hh = arrays.get(f"bias_ih{suffix}", zeros), arrays.get(f"bias_hh{suffix}", zeros)
    p: dict[str, Array] = {"W_xh": W_xh, "W_hh": W_hh, "b": b_ih + b_hh}
    if "b_hg" in cell.extra_biases:
        H = W_hh.shape[1]
        p["b"][-H:] = b_ih[-H:]
        p["b_hg"] = b_hh[-H:].copy()
    cell.check(p)
    return p


def _named(values: Iterable[Array], prefix: str, suffix: str) -> dict[str, Array]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {f"{prefix}{name}{suffix}": a for name, a in zip(names, values, strict=True)}
