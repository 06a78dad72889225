"""A recurrent network step by step: what `rnntool trace` shows.

Shapes: T time, H hidden, C classes or V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.cells import CELLS, Array, Record, softmax, unroll_stack
from rnntool.errors import UserError
from rnntool.inspection.probe import Network, RunProbes
from rnntool.models.tensor_names import class_output, language_output


@dataclass(frozen=True)
class TraceStep:
    """One step of one layer and direction."""

    step: int  # from 1
    token: str
    layer: int
    direction: str
    values: dict[str, list[float]]  # by unit: a (pre-activation), the gates, c, h
    output: dict[str, float]  # the likeliest outputs after it; the top layer's alone has them

    def means(self) -> dict[str, float]:
        """Each quantity's mean over its units; of h and c the norm."""
        return {
            f"‖{n}‖" if n in ("h", "c") else n: float(
                np.linalg.norm(v) if n in ("h", "c") else np.mean(v)
            )
            for n, v in self.values.items()
        }


def trace_run(prober: RunProbes, tokens: list[str], top: int = 3) -> list[TraceStep]:
    """A trained model before a text: its output after each step, as if the text ended there.

    A classifier that pools more than the last state, or reads backward, has an output after the
    last step only in the sense of `predict`: none is shown by step.
    """
    run, tensors = prober.run, prober.tensors
    probe = prober.probe([*tokens, tokens[-1]] if run.config.task == "lm" else tokens)
    outputs = None
    if run.config.task == "lm":
        output = language_output(tensors)
        assert output is not None  # the probe refuses an adaptive softmax
        outputs = (*output, list(run.vocabulary.tokens))
    elif run.config.settings["pooling"] == "last" and prober.network.directions == 1:
        W, b = class_output(tensors)
        if len(W) == 1:
            W, b = np.concatenate([np.zeros_like(W), W]), np.concatenate([np.zeros_like(b), b])
        outputs = (W, b, run.labels)
    return trace(prober.network, probe.tokens, probe.x, outputs, top)


def trace(
    network: Network,
    tokens: list[str],
    x: Array,
    outputs: tuple[Array, Array, list[str]] | None,
    top: int = 3,
) -> list[TraceStep]:
    """Every step of every layer, in order of time.

    Args:
        x: (1, T, D).
        outputs: weights (C, H), biases (C,) and names of an output layer over the top states.
        top: how many of its likeliest outputs are kept.
    """
    records: list[list[list[Record]]] = []
    unroll_stack(network.cell, network.layers, x, records=records, gradient=False)
    steps = []
    for t, token in enumerate(tokens):
        for n, layer in enumerate(records):
            for d, own in enumerate(layer):
                last = n == len(records) - 1 and outputs is not None
                shown = _likeliest(own[t]["h"][0], outputs, top) if last else {}
                values = {name: value[0].tolist() for name, value in own[t].items()}
                direction = ("forward", "backward")[d]
                steps.append(TraceStep(t + 1, token, n + 1, direction, values, shown))
    return steps


def trace_weights(path: str, text: str | None, top: int = 3) -> list[TraceStep]:
    """A network written out in YAML: `cell, inputs, outputs, W_xh, W_hh, b`; no run directory.

    Without W_hy the output is the softmax of the state itself, and H is the number of outputs.

    Raises:
        UserError: the file cannot be read, a key is missing, shapes do not fit, a token is unknown.
    """
    loaded = _read_yaml(path)
    try:
        cell = CELLS[loaded["cell"]]
        inputs, names = list(map(str, loaded["inputs"])), list(map(str, loaded["outputs"]))
        weights: dict[str, Array] = {
            name: np.array(loaded[name], dtype=np.float64) for name in cell.shapes(1, 1)
        }
        D, H = cell.check(weights)
    except KeyError as error:
        raise UserError(f"lacks {error}, or knows no such cell", where=path) from None
    except (ValueError, TypeError) as error:
        raise UserError(str(error), where=path) from None
    if len(inputs) != D:
        raise UserError(f"{len(inputs)} inputs, but W_xh has {D} columns", where=path)
    W = np.array(loaded.get("W_hy", np.eye(H)), dtype=np.float64)
    b = np.array(loaded.get("b_y", np.zeros(len(W))), dtype=np.float64)
    if W.shape != (len(names), H) or b.shape != (len(names),):
        raise UserError(f"{len(names)} outputs, but the output layer is {W.shape}", where=path)
    tokens = text.split() if text is not None else inputs
    for token in tokens:
        if token not in inputs:
            raise UserError(
                f"no input {token!r}", where=path, hint=f"there are: {' '.join(inputs)}"
            )
    x = np.eye(D)[[inputs.index(token) for token in tokens]][None]
    network = Network(path, cell, [[weights]])
    return trace(network, tokens, x, (W, b, names), min(top, len(names)))


def _likeliest(
    h: Array, outputs: tuple[Array, Array, list[str]] | None, top: int
) -> dict[str, float]:
    assert outputs is not None
    W, b, names = outputs
    p = softmax(W @ h + b)
    return {names[i]: float(p[i]) for i in np.argsort(-p, kind="stable")[:top]}


def _read_yaml(path: str) -> dict[str, Any]:
    from rnntool.configuration import read_config

    return read_config(path)
