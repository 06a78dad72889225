"""A classifier's forward pass, a text at a time, on the NumPy cells: for answers at once.

Importing torch takes longer than classifying a page.

Shapes: T time, D input, H hidden, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.cells import CELLS
from rnntool.cells.cell import Weights
from rnntool.cells.softmax import softmax
from rnntool.cells.torch_layout import from_torch

Floats = NDArray[Any]


def can_run(settings: Mapping[str, Any]) -> bool:
    """Whether the NumPy cells compute what a run of `train classify` with these settings does."""
    plain = settings.get("encoder", "recurrent") in ("recurrent", "directional")
    plain = plain and settings.get("input") != "characters"
    extras = ("layer_norm", "residual", "features")
    return plain and not any(settings.get(name) for name in extras)


class ClassifierEngine:
    """The model of a run of `train classify`.

    Args:
        settings: the run's; `can_run` of them is true.
        tensors: its weights by name, as `weights.safetensors` holds them.
    """

    def __init__(self, settings: Mapping[str, Any], tensors: Mapping[str, Floats]) -> None:
        self.cell, self.pooling = CELLS[settings["cell"]], settings["pooling"]
        # Stacks apart: a layer reads its own direction of the layer below, not both.
        self.apart = settings.get("encoder", "recurrent") == "directional"
        self.layers: list[list[Weights]] = []
        while f"encoder.layers.{len(self.layers)}.0.weight_hh_l0" in tensors:
            self.layers.append(self._directions(tensors, len(self.layers)))
        self.embedding = tensors.get("input.embedding.weight")
        self.W, self.b = tensors["output.weight"], tensors["output.bias"]

    @property
    def classes(self) -> int:
        """C; a single sigmoid unit tells two apart."""
        return max(2, len(self.b))

    def _directions(self, tensors: Mapping[str, Floats], layer: int) -> list[Weights]:
        found: list[Weights] = []
        while True:
            prefix = f"encoder.layers.{layer}.{len(found)}."
            own = {name: a for name, a in tensors.items() if name.startswith(prefix)}
            if not own:
                return found
            found.append(from_torch(self.cell, own, prefix)[0][0])

    def probabilities(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """[C] class probabilities of a text of any length."""
        states, last = self._encode(self._inputs(np.asarray(ids, dtype=np.int64)))
        scores = (self.W @ self._pool(states, last) + self.b).astype(np.float64)
        if len(scores) > 1:
            found: NDArray[np.float64] = np.asarray(softmax(scores), dtype=np.float64)
            return found
        second = 1 / (1 + np.exp(-scores[0]))
        return np.array([1 - second, second])

    def _inputs(self, ids: NDArray[np.int64]) -> Floats:
        """[T, D]; a one-hot `<pad>` is zeros."""
        if self.embedding is not None:
            vectors: Floats = self.embedding[ids]
            return vectors
        D = self.layers[0][0]["W_xh"].shape[1]
        unit: Floats = np.eye(D, dtype=self.W.dtype)[ids]
        unit[ids == 0] = 0
        return unit

    def _encode(self, x: Floats) -> tuple[Floats, Floats]:
        """[T, H·directions] states in reading order, and where each direction ended."""
        ways = [x] * len(self.layers[0])
        for layer in self.layers:
            found = []
            for direction, p in enumerate(layer):
                own = ways[direction] if self.apart else np.concatenate(ways, axis=1)
                if layer is self.layers[0]:
                    own = x
                order = slice(None, None, -1 if direction else None)
                found.append(self._run(p, own[order])[order])
            ways = found
        ends = [way[-1 if n == 0 else 0] if len(x) else np.zeros(way.shape[1], x.dtype)
                for n, way in enumerate(ways)]  # fmt: skip
        return np.concatenate(ways, axis=1), np.concatenate(ends)

    def _run(self, p: Weights, x: Floats) -> Floats:
        """[T, D] inputs -> [T, H] states of one direction."""
        H = p["W_hh"].shape[1]
        a_x = x @ p["W_xh"].T + p["b"]
        state = self.cell.zero_state(1, H, p["W_hh"].dtype)
        states: Floats = np.empty((len(x), H), dtype=p["W_hh"].dtype)
        for t in range(len(x)):
            state, _ = self.cell.step(p, x[t : t + 1], state, a_x[t : t + 1])
            states[t] = state[0][0]
        return states

    def _pool(self, states: Floats, last: Floats) -> Floats:
        if self.pooling == "last":
            return last
        empty = np.zeros_like(last)
        parts = {
            "max": states.max(axis=0) if len(states) else empty,
            "mean": states.mean(axis=0) if len(states) else empty,
        }
        if self.pooling in parts:
            return parts[self.pooling]
        return np.concatenate([last, parts["max"], parts["mean"]])
