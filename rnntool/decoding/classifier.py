"""A classifier's forward pass on the NumPy cells: for answers at once, and for many on a CPU.

Importing torch takes longer than classifying a page. Batches are packed, so no step is computed for
padding, and several are computed side by side, a core each.

Shapes: N texts, M tokens of all of them, D input, H hidden, V vocabulary, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells import CELLS
from rnntool.cells.cell import Weights
from rnntool.cells.softmax import softmax
from rnntool.cells.torch_layout import from_torch
from rnntool.decoding.packed import Ints, Packing, pack_rows
from rnntool.decoding.recurrence import prepare, start
from rnntool.machine import usable_cores

Floats = NDArray[Any]
_TOGETHER = 512  # texts of a batch: enough for a matrix product's speed, little enough for caches
_TOKENS = 32_768  # of a batch of long texts, to bound its memory
_TABLE = 1 << 26  # numbers of the first layer's table at most


def can_run(settings: Mapping[str, Any]) -> bool:
    """Whether the NumPy cells compute what a run of `train classify` with these settings does."""
    plain = settings.get("encoder", "recurrent") in ("recurrent", "directional")
    plain = plain and settings.get("input") != "characters"
    extras = ("layer_norm", "residual", "features")
    return plain and not any(settings.get(name) for name in extras)


class _Products(Protocol):
    """`W_xh x + b` of M tokens, sliced step by step: an array, or rows looked up in a table."""

    def __getitem__(self, place: slice) -> Floats: ...


class _LookedUp:
    """Rows of a table, taken as they are asked for."""

    def __init__(self, table: Floats, ids: Ints) -> None:
        self.table, self.ids = table, ids

    def __getitem__(self, place: slice) -> Floats:
        found: Floats = self.table[self.ids[place]]
        return found


class ClassifierEngine:
    """The model of a run of `train classify`.

    Args:
        settings: the run's; `can_run` of them is true.
        tensors: its weights by name, as `weights.safetensors` holds them.
        threads: batches computed side by side; 0: one a core.
    """

    def __init__(
        self, settings: Mapping[str, Any], tensors: Mapping[str, Floats], threads: int = 0
    ) -> None:
        self.cell, self.pooling = CELLS[settings["cell"]], settings["pooling"]
        # Stacks apart: a layer reads its own direction of the layer below, not both.
        self.apart = settings.get("encoder", "recurrent") == "directional"
        self.layers: list[list[Weights]] = []
        while f"encoder.layers.{len(self.layers)}.0.weight_hh_l0" in tensors:
            self.layers.append(self._directions(tensors, len(self.layers)))
        self.embedding = tensors.get("input.embedding.weight")
        self.W, self.b = tensors["output.weight"], tensors["output.bias"]
        self.threads = threads or usable_cores()

    @property
    def classes(self) -> int:
        """C; a single sigmoid unit tells two apart."""
        return max(2, len(self.b))

    @property
    def size(self) -> int:
        """V."""
        if self.embedding is not None:
            return len(self.embedding)
        return int(self.layers[0][0]["W_xh"].shape[1])

    def _directions(self, tensors: Mapping[str, Floats], layer: int) -> list[Weights]:
        found: list[Weights] = []
        while True:
            prefix = f"encoder.layers.{layer}.{len(found)}."
            own = {name: a for name, a in tensors.items() if name.startswith(prefix)}
            if not own:
                return found
            found.append(prepare(self.cell, from_torch(self.cell, own, prefix)[0][0]))

    def probabilities(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """[N, C] class probabilities of N texts of any lengths, given as token numbers."""
        tokens = sum(map(len, texts))
        tables: list[Floats] | None = None
        # The table costs as much as V tokens without it.
        if tokens >= self.size and self.size * len(self.layers[0][0]["b"]) <= _TABLE:
            tables = self._tables
        found = np.empty((len(texts), self.classes))

        def answer(rows: list[int]) -> None:
            found[rows] = self._answer([texts[row] for row in rows], tables)

        batches = list(_batches([len(text) for text in texts]))
        if len(batches) == 1:
            answer(batches[0])
        else:
            from concurrent.futures import ThreadPoolExecutor  # one text has no use for it

            with ThreadPoolExecutor(self.threads) as side_by_side:
                list(side_by_side.map(answer, batches))  # raises what one of them raised
        return found

    @cached_property
    def _tables(self) -> list[Floats]:
        """[V, k·H] of each direction: the first layer's products for every token there is."""
        everything = self._inputs(np.arange(self.size))
        return [everything @ p["W_xh"].T + p["b"] for p in self.layers[0]]

    def _answer(
        self, texts: list[Sequence[int]], tables: list[Floats] | None
    ) -> NDArray[np.float64]:
        """[N, C] probabilities of texts, the longest first."""
        packing, ids = pack_rows(texts)
        states, last = self._encode(packing, self._first_products(ids, tables))
        scores = self._pool(packing, states, last) @ self.W.T + self.b
        return _probabilities(scores.astype(np.float64))

    def _first_products(self, ids: Ints, tables: list[Floats] | None) -> list[_Products]:
        """Of each direction of the first layer."""
        if tables is not None:
            return [_LookedUp(table, ids) for table in tables]
        x = self._inputs(ids)
        return [x @ p["W_xh"].T + p["b"] for p in self.layers[0]]

    def _inputs(self, ids: Ints) -> Floats:
        """[M, D]; a one-hot `<pad>` is zeros."""
        if self.embedding is not None:
            vectors: Floats = self.embedding[ids]
            return vectors
        unit: Floats = np.eye(self.size, dtype=self.W.dtype)[ids]
        unit[ids == 0] = 0
        return unit

    def _encode(self, packing: Packing, products: list[_Products]) -> tuple[Floats, Floats]:
        """The last layer's states [M, H·directions], and where each direction ended [N, …]."""
        ways: list[Floats] = []
        ends: list[Floats] = []
        for layer in self.layers:
            if ways:
                both = np.concatenate(ways, axis=1)
                inputs = ways if self.apart else [both] * len(layer)
                products = [x @ p["W_xh"].T + p["b"] for x, p in zip(inputs, layer, strict=True)]
            runs = [
                self._run(p, own, packing, backward=direction == 1)
                for direction, (p, own) in enumerate(zip(layer, products, strict=True))
            ]
            ways, ends = [states for states, _ in runs], [end for _, end in runs]
        return np.concatenate(ways, axis=1), np.concatenate(ends, axis=1)

    def _run(
        self, p: Weights, products: _Products, packing: Packing, backward: bool
    ) -> tuple[Floats, Floats]:
        """One direction of a layer: the states [M, H] in reading order, and the last ones [N, H].

        Backward, a row joins at its own last token, with the zero state that it was given.
        """
        running = start(self.cell, p, len(packing.lengths))
        states: Floats = np.empty((int(packing.lengths.sum()), running.h.shape[1]), self.W.dtype)
        for n, place in packing.steps(backward):
            states[place] = running.step(n, products[place])
        return states, running.h

    def _pool(self, packing: Packing, states: Floats, last: Floats) -> Floats:
        """[N, H·directions], or three times as wide for `all`; an empty text pools to zeros."""
        if self.pooling == "last":
            return last
        most = np.where(packing.lengths[:, None] > 0, np.finfo(last.dtype).min, last)
        total = np.zeros_like(last)
        if len(last) == 1 and len(states):  # one text: in two calls
            most, total = states.max(axis=0, keepdims=True), states.sum(axis=0, keepdims=True)
        else:
            for n, place in packing.steps():
                np.maximum(most[:n], states[place], out=most[:n])
                total[:n] += states[place]
        mean = total / np.maximum(1, packing.lengths)[:, None].astype(last.dtype)
        parts: dict[str, Floats] = {"max": most, "mean": mean}
        if self.pooling in parts:
            return parts[self.pooling]
        return np.concatenate([last, most, mean], axis=1)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Rows of like length together; the longest first, so that no core ends long after others."""
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and (len(batch) == _TOGETHER or tokens + lengths[row] > _TOKENS):
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += lengths[row]
    if batch:
        yield batch


def _probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N, C] from [N, C] scores, or from the [N, 1] scores of a sigmoid unit."""
    if scores.shape[1] > 1:
        return np.asarray(softmax(scores), dtype=np.float64)
    second = 1 / (1 + np.exp(-scores))
    return np.concatenate([1 - second, second], axis=1)
