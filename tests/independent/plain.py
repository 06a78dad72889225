"""A classifier and its parts, in NumPy from the equations, one text at a time.

Nothing here is taken from the project but the names of its tensors. Shapes: T time, D input, H
hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]  # float64


def compared(what: str, found: Any, wanted: Any, atol: float) -> None:
    """Assert that two tensors are the same, and print how far apart they are (pytest -s)."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    largest = float(np.abs(found - wanted).max()) if found.size else 0.0
    print(f"\ncompared | {what} | {largest:.1e}")
    assert largest <= atol, what


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def softmax(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def norm(w: Tensors, name: str, v: Array) -> Array:
    """Ba et al. 2016, equation 4, where the layer has it."""
    if f"{name}.weight" not in w:
        return v
    scaled = (v - v.mean()) / np.sqrt(v.var() + 1e-5)
    return w[f"{name}.weight"] * scaled + w[f"{name}.bias"]


def run_cell(w: Tensors, p: str, cell: str, x: Array) -> Array:
    """[T, D] -> [T, H], from the zero state."""
    W, U, b, d = (w[f"{p}{n}_l0"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    H = U.shape[1]
    h, c = np.zeros(H), np.zeros(H)
    found = np.empty((len(x), H))
    for t, x_t in enumerate(x):
        if cell in ("rnn", "rnn-relu"):
            total = norm(w, f"{p}norms.sum", W @ x_t + U @ h) + b + d
            h = np.tanh(total) if cell == "rnn" else np.maximum(total, 0)
        elif cell == "lstm":
            a = norm(w, f"{p}norms.x", W @ x_t) + b + norm(w, f"{p}norms.h", U @ h) + d
            i, f, g, o = np.split(a, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(norm(w, f"{p}norms.c", c))
        elif cell == "gru":
            a, u = norm(w, f"{p}norms.x", W @ x_t) + b, norm(w, f"{p}norms.h", U @ h) + d
            r, z = sigmoid(a[:H] + u[:H]), sigmoid(a[H : 2 * H] + u[H : 2 * H])
            h = (1 - z) * np.tanh(a[2 * H :] + r * u[2 * H :]) + z * h
        else:  # the reset before the product
            a = norm(w, f"{p}norms.x", W @ x_t) + b + d
            u = norm(w, f"{p}norms.h", U[: 2 * H] @ h)
            r, z = sigmoid(a[:H] + u[:H]), sigmoid(a[H : 2 * H] + u[H:])
            g = np.tanh(a[2 * H :] + norm(w, f"{p}norms.g", U[2 * H :] @ (r * h)))
            h = (1 - z) * g + z * h
        found[t] = h
    return found


def both_ways(w: Tensors, p: str, cell: str, forward: Array, backward: Array) -> list[Array]:
    """One layer's directions, those that there are, both in reading order."""
    ways = [run_cell(w, f"{p}0.", cell, forward)]
    if f"{p}1.weight_ih_l0" in w:
        ways.append(run_cell(w, f"{p}1.", cell, backward[::-1])[::-1])
    return ways


def recurrent(w: Tensors, p: str, s: Mapping[str, Any], x: Array) -> tuple[Array, Array]:
    """[T, D] -> [T, H'], and where each direction ends [H']. Each layer reads both directions."""
    for n in range(s["layers"]):
        ways = both_ways(w, f"{p}layers.{n}.", s["cell"], x, x)
        above = np.concatenate(ways, axis=1)
        x = above + x if s["residual"] and above.shape == x.shape else above
    return x, ends(x, len(ways))


def directional(w: Tensors, p: str, s: Mapping[str, Any], x: Array) -> list[list[Array]]:
    """Every layer's forward and backward states: each direction reads itself alone."""
    forward = backward = x
    layers = []
    for n in range(s["layers"]):
        above = both_ways(w, f"{p}layers.{n}.", s["cell"], forward, backward)
        add = s.get("residual") and above[0].shape == forward.shape
        forward, backward = (above[0] + forward, above[1] + backward) if add else above
        layers.append([forward, backward])
    return layers


def ends(states: Array, directions: int) -> Array:
    """[T, H'] -> [H']: the forward half's last step, the backward half's first; of none zeros."""
    if not len(states):
        return np.zeros(states.shape[1])
    H = states.shape[1] // directions
    return np.concatenate([states[-1, :H], states[0, H:]])


def convolutions(w: Tensors, p: str, s: Mapping[str, Any], x: Array, layers: int) -> Array:
    """Kim 2014, equations 1 and 2: relu of every filter at every step."""
    for n in range(layers):
        found = []
        for i in range(len(s["conv_widths"].split(","))):
            kernel, bias = w[f"{p}layers.{n}.{i}.weight"], w[f"{p}layers.{n}.{i}.bias"]
            k = kernel.shape[2]
            wide = np.pad(x, ((k // 2, (k - 1) // 2), (0, 0)))
            sums = [sum(kernel[:, :, j] @ wide[t + j] for j in range(k)) for t in range(len(x))]
            found.append(np.maximum(np.array(sums).reshape(len(x), len(bias)) + bias, 0))
        above = np.concatenate(found, axis=1)
        x = above + x if s["residual"] and above.shape == x.shape else above
    return x


def context(w: Tensors, s: Mapping[str, Any], ids: list[int]) -> Array:
    """Peters et al. 2018, §3.2, equation 1: γ Σ s_j h_j, of `<bos> ids <eos>` without its ends."""
    x = w["features.input.embedding.weight"][[2, *ids, 3]]
    layers = [np.concatenate(pair, axis=1) for pair in directional(w, "features.encoder.", s, x)]
    if x.shape[1] * 2 == layers[0].shape[1]:
        layers.insert(0, np.concatenate([x, x], axis=1))
    shares = softmax(w["features.scores"])
    mixed = sum(share * layer for share, layer in zip(shares, layers, strict=True))
    return w["features.scale"] * mixed[1:-1]


def encode(w: Tensors, s: Mapping[str, Any], x: Array) -> tuple[Array, Array]:
    """The encoder that the settings name: states [T', H'] and ends [H']."""
    kind = s["encoder"]
    if kind == "recurrent":
        return recurrent(w, "encoder.", s, x)
    if kind == "directional":
        states = np.concatenate(directional(w, "encoder.", s, x)[-1], axis=1)
        return states, ends(states, 2)
    if kind == "cnn":
        states = convolutions(w, "encoder.", s, x, s["layers"])
        return states, ends(states, 1)
    found = convolutions(w, "encoder.front.", s, x, 1)
    step = s["conv_pool"]
    pooled = [found[t : t + step].max(axis=0) for t in range(0, len(found), step)]
    return recurrent(w, "encoder.recurrent.", s, np.array(pooled).reshape(-1, found.shape[1]))


def probabilities(
    w: Tensors, s: Mapping[str, Any], ids: list[int], bilm: Mapping[str, Any] | None = None
) -> Array:
    """[C] of one text by a classifier.

    Args:
        s: its settings.
        bilm: those of the biLM that it reads.
    """
    ids = ids[: s["max_length"] or None]
    if s["input"] == "one-hot":
        V = next(value for name, value in w.items() if name.endswith(".0.0.weight_ih_l0")).shape[1]
        x = np.eye(V)[ids] * (np.array(ids, dtype=int) != 0)[:, None]
    else:
        x = w["input.embedding.weight"][np.array(ids, dtype=int)]
    if bilm is not None:
        x = np.concatenate([x, context(w, bilm, ids)], axis=1)
    states, last = encode(w, s, x)
    most = states.max(axis=0) if len(states) else np.zeros_like(last)
    mean = states.mean(axis=0) if len(states) else np.zeros_like(last)
    parts = {"last": [last], "max": [most], "mean": [mean], "all": [last, most, mean]}
    scores = w["output.weight"] @ np.concatenate(parts[s["pooling"]]) + w["output.bias"]
    if s["output_unit"] == "sigmoid":
        return np.array([1 - sigmoid(scores[0]), sigmoid(scores[0])])
    return softmax(scores)
