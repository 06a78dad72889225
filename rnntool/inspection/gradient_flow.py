"""How the gradient of a loss flows back through time.

    ∂L/∂h_{t-1} = (∂h_t/∂h_{t-1})ᵀ ∂L/∂h_t + the direct gradient of the loss by h_{t-1}

A product of many Jacobians shrinks or grows geometrically with the distance: the gradient vanishes
or explodes (Hochreiter 1991; Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013,
§2).

Shapes: T time, H hidden. "Steps back" count from the last step that a direction reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnntool.cells import Array, Cell, Record, step_jacobian, unroll_stack
from rnntool.cells.torch_layout import gradients_to_torch
from rnntool.inspection.probe import Probe

SATURATED = 0.95  # a tanh beyond ±0.95, a sigmoid within 0.025 of 0 or 1: its slope is under 0.1
_SMALL = 64  # up to this many rows, exact computation is cheap
_LONGEST = 200  # maximum number of Jacobians to multiply; each costs H³


@dataclass(frozen=True)
class LayerFlow:
    """One direction of one layer; the lists start at its last step and go back in time."""

    layer: int
    direction: str  # forward or backward
    gradient: list[float]  # ‖∂L/∂h_t‖
    summand: list[float]  # norm of the step's term in ∂L/∂W_hh
    jacobian: list[float]  # ‖∂h_T/∂h_t‖₂; empty if not requested
    # Largest singular value of each ∂s_t/∂s_{t-1}. s is the whole state: (h, c) for an LSTM, so the
    # matrix is 2H × 2H; only h for an RNN or a GRU, H × H.
    step_jacobian: list[float]
    saturated: dict[str, float]  # share of saturated units, for each gate or state
    singular_values: list[float]  # of the blocks of W_hh, largest first
    spectral_radius: float  # largest one of the blocks of W_hh
    # The token read at each step, in the order of the norms; empty for a mean over texts.
    tokens: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Flow:
    """A text's gradient flow, or the mean over several texts."""

    name: str
    loss: float
    steps: int
    layers: list[LayerFlow]
    parameters: dict[str, float]  # gradient norm of each of the recurrent layers'
    others: dict[
        str, float
    ]  # and of the token vectors and the output layer, where they are trained
    norm: float  # global norm over all of torch's parameters, which training clips
    texts: int = 1
    target: str | None = (
        None  # the label or next token of the loss; None if there is none, or several
    )

    @property
    def recurrent_norm(self) -> float:
        """Global norm over the recurrent layers' parameters, each counted once."""
        return float(np.sqrt(sum(value**2 for value in self.parameters.values())))


def gradient_flow(probe: Probe, *, jacobians: bool = True) -> Flow:
    """The gradient flow of one text."""
    network = probe.network
    records: list[list[list[Record]]] = []
    run = unroll_stack(network.cell, network.layers, probe.x, records=records)
    loss, doutputs, doutput_layer, target = probe.head(run.outputs)
    gradients = run.backward(doutputs, summands=True)
    layers, parameters = [], {}
    x = probe.x
    for n, layer in enumerate(gradients.layers):
        for d, gradient in enumerate(layer):
            weights = network.layers[n][d]
            order = slice(None, None, -1) if d == 0 else slice(None)
            assert gradient.summands is not None
            norms = np.linalg.norm(gradient.dh[0], axis=1)[order]
            parts = np.linalg.norm(gradient.summands["dW_hh"], axis=(1, 2))[order]
            products, single = (
                _jacobians(network.cell, weights, x[0], records[n][d], d == 1)
                if jacobians else ([], [])
            )  # fmt: skip
            blocks = np.split(weights["W_hh"], len(network.cell.blocks))
            values = np.concatenate([np.linalg.svd(b, compute_uv=False) for b in blocks])
            layers.append(LayerFlow(
                n + 1, ("forward", "backward")[d], norms.tolist(), parts.tolist(), products, single,
                _saturation(network.cell, records[n][d]), sorted(values.tolist(), reverse=True),
                max(float(np.abs(np.linalg.eigvals(block)).max()) for block in blocks),
                probe.tokens[order],
            ))  # fmt: skip
            way = "" if network.directions == 1 else f".{layers[-1].direction}"
            for name, value in gradient.dweights.items():
                parameters[f"{n + 1}{way}.{name[1:]}"] = float(np.linalg.norm(value))
        x = np.concatenate(
            [np.stack([r["h"][0] for r in records[n][d]])[None] for d in range(len(layer))], axis=2
        )
    others = _other_gradients(probe, gradients.dx, doutput_layer)
    recurrent = gradients_to_torch(gradients)  # with two biases per gate, as in training
    norm = float(np.sqrt(sum(np.sum(g**2) for g in [*recurrent.values(), *others.values()])))
    norms = {name: float(np.linalg.norm(value)) for name, value in others.items()}
    asked = None if target is None or not probe.names else probe.names[target]
    return Flow(network.name, loss, probe.x.shape[1], layers, parameters, norms, norm, target=asked)


def _other_gradients(probe: Probe, dx: Array, output: dict[str, Array]) -> dict[str, Array]:
    """Gradients of the output layer, and of the token vectors that the text uses.

    Args:
        dx: (1, T, D) gradient of the first layer's input.
    """
    found = {f"output.{name}": value for name, value in output.items()}
    if probe.ids is None:
        return found
    rows = len(output["W"]) if probe.tied else int(probe.ids.max()) + 1
    table = np.zeros((rows, dx.shape[2]))
    np.add.at(table, probe.ids, dx[0])
    if probe.tied:
        table += found.pop("output.W")
    return {"token vectors": table, **found}


def mean_flow(flows: Sequence[Flow]) -> Flow:
    """The mean over texts; at each distance, over the texts that are long enough."""
    first = flows[0]
    layers = []
    for n, own in enumerate(first.layers):
        each = [flow.layers[n] for flow in flows]
        layers.append(LayerFlow(
            own.layer, own.direction, _by_distance([f.gradient for f in each]),
            _by_distance([f.summand for f in each]), _by_distance([f.jacobian for f in each]),
            _by_distance([f.step_jacobian for f in each]),
            {k: float(np.mean([f.saturated[k] for f in each])) for k in own.saturated},
            own.singular_values, own.spectral_radius,
        ))  # fmt: skip
    parameters = _mean_of([flow.parameters for flow in flows])
    others = _mean_of([flow.others for flow in flows])
    norm = float(np.mean([flow.norm for flow in flows]))
    loss = float(np.mean([flow.loss for flow in flows]))
    steps = max(flow.steps for flow in flows)
    return Flow(first.name, loss, steps, layers, parameters, others, norm, len(flows))


def _mean_of(norms: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([own[name] for own in norms])) for name in norms[0]}


def _by_distance(rows: list[list[float]]) -> list[float]:
    longest = max(map(len, rows))
    sums, counts = np.zeros(longest), np.zeros(longest)
    for row in rows:
        sums[: len(row)] += row
        counts[: len(row)] += 1
    return list(map(float, sums / np.maximum(counts, 1)))


def _jacobians(
    cell: Cell, weights: dict[str, Array], x: Array, records: list[Record], reverse: bool
) -> tuple[list[float], list[float]]:
    """‖∂h_T/∂h_t‖₂ for t = T, T-1, …, and the largest singular value of each step."""
    order = range(len(x)) if not reverse else range(len(x) - 1, -1, -1)
    H = weights["W_hh"].shape[1]
    # Seven digits are enough for a norm, and float32 halves the time for a large state.
    dtype = np.float64 if H <= _SMALL else np.float32
    weights, x = {name: W.astype(dtype) for name, W in weights.items()}, x.astype(dtype)
    zero = tuple(np.zeros(H) for _ in cell.states)
    states = [zero, *(tuple(records[t][s][0] for s in cell.states) for t in order)]
    product: Array = np.eye(H, H * len(cell.states), dtype=dtype)  # rows of h_T only
    norms, single = [1.0], []
    for place in list(range(len(x)))[::-1][:_LONGEST]:
        state = tuple(part.astype(dtype) for part in states[place])
        step = step_jacobian(cell, weights, x[order[place]], state)
        single.append(_largest_singular_value(step))
        product = product @ step
        norms.append(_largest_singular_value(product[:, :H]))
    return norms[:-1], single


def _largest_singular_value(matrix: Array) -> float:
    """‖matrix‖₂; for a large matrix by Lanczos iteration, which costs H² instead of H³."""
    scale = float(np.abs(matrix).max())
    if len(matrix) <= _SMALL or scale == 0:
        return float(np.linalg.norm(matrix, 2))
    from scipy.sparse.linalg import svds

    start = np.ones(min(matrix.shape))  # so that the result is reproducible
    return scale * float(svds(matrix / scale, 1, v0=start, return_singular_vectors=False)[0])


def _saturation(cell: Cell, records: list[Record]) -> dict[str, float]:
    """Share of saturated units, for gates (sigmoids), candidates and tanh states."""
    shares: dict[str, float] = {}
    for name in records[0]:
        if name in ("a", "c") or name.startswith("a_") or cell.name == "rnn-relu":
            continue
        values = np.concatenate([record[name][0] for record in records])
        tanh = name in ("g", "h") and cell.name != "rnn-sigmoid"
        if name == "h" and cell.name.startswith(("lstm", "gru")):
            continue  # o ⊙ tanh(c) or a mixture, not the output of a single tanh
        scaled = values if tanh else 2 * values - 1
        shares[name] = float((np.abs(scaled) > SATURATED).mean())
    return shares


@dataclass(frozen=True)
class Verdict:
    """A summary of the norms of ∂L/∂h_t."""

    half_life: float | None  # steps until it halves; None if it does not shrink
    doubling: float | None  # steps until it doubles; None if it does not grow
    to_one_percent: int | None  # steps until it is below 1 % of its largest value so far
    text: str


def verdict(norms: Sequence[float]) -> Verdict:
    """Fit a straight line to log ‖∂L/∂h_t‖ over the steps back, and describe it."""
    values = np.asarray(norms, dtype=np.float64)
    usable = np.flatnonzero(values > 0)
    if len(usable) < 3:
        return Verdict(None, None, None, "too few steps for a verdict")
    slope = float(np.polyfit(usable, np.log2(values[usable]), 1)[0])
    low = np.flatnonzero(values < 0.01 * np.maximum.accumulate(values))
    first = int(low[0]) if len(low) else None
    half = -1 / slope if slope < 0 else None
    double = 1 / slope if slope > 0 else None
    return Verdict(half, double, first, _sentence(values, half, double, first))


def _sentence(values: Array, half: float | None, double: float | None, first: int | None) -> str:
    steps = len(values) - 1
    if double is not None and values.max() > 10 * values[0]:
        grown = values.max() / values[0]
        return f"explodes: grows {grown:.3g} × in {steps} steps, doubles every {double:.1f} steps"
    if first is not None:
        tail = f"; half-life {half:.1f} steps" if half is not None else ""
        return f"vanishes: falls to 1 % in {first} steps{tail}"
    share = values[-1] / values.max()
    tail = f"; half-life {half:.1f} steps" if half is not None and half < 10 * steps else ""
    return f"survives: {share:.1%} is left after {steps} steps{tail}"


def as_dict(flow: Flow, clip_norm: float) -> dict[str, Any]:
    """Plain values, as `--json` prints them.

    Training clips the norm over all parameters, and scales all of them by the same factor.
    """
    scale = min(1.0, clip_norm / flow.norm) if clip_norm > 0 and flow.norm > 0 else 1.0
    return {
        "model": flow.name,
        "texts": flow.texts,
        "steps": flow.steps,
        "loss": flow.loss,
        "target": flow.target,
        "gradient_norm": flow.norm,
        "gradient_norm_clipped": flow.norm * scale,
        "recurrent_gradient_norm": flow.recurrent_norm,
        "recurrent_gradient_norm_clipped": flow.recurrent_norm * scale,
        "parameters": flow.parameters,
        "parameters_clipped": {name: value * scale for name, value in flow.parameters.items()},
        "other_parameters": flow.others,
        "layers": [
            {**vars(layer), "verdict": vars(verdict(layer.gradient))} for layer in flow.layers
        ],
    }
