"""A classifier's forward pass on the NumPy cells: for answers at once, and for many on a CPU.

Several batches are computed side by side, a core each.

Shapes: N texts, M tokens of all of them, H hidden, V vocabulary, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.softmax import softmax
from rnntool.inference.encoder import Floats, Products, encoder_of
from rnntool.inference.packed import Ints, Packing, pack_rows, side_by_side
from rnntool.machine import usable_cores
from rnntool.models.tensor_names import class_output

_TABLE = 1 << 26  # numbers of the first layer's table at most


class _LookedUp:
    """Rows of a table, taken as they are asked for."""

    def __init__(self, table: Floats, ids: Ints) -> None:
        self.table, self.ids = table, ids

    def __getitem__(self, place: slice) -> Floats:
        found: Floats = self.table[self.ids[place]]
        return found


class NumpyClassifier:
    """The model of a run of `train classify`.

    Args:
        settings: the run's; `can_encode` of them is true.
        tensors: its weights by name, as `weights.safetensors` holds them.
        threads: batches computed side by side; 0: one a core.
    """

    def __init__(
        self, settings: Mapping[str, Any], tensors: Mapping[str, Floats], threads: int = 0
    ) -> None:
        self.pooling = settings["pooling"]
        self.several = settings.get("multi_label") is True
        self.encoder = encoder_of(settings, tensors)
        self.W, self.b = class_output(tensors)
        self.threads = threads or usable_cores()

    @property
    def classes(self) -> int:
        """C; a single sigmoid unit tells two apart."""
        return len(self.b) if self.several else max(2, len(self.b))

    def probabilities(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """[N, C] class probabilities of N texts of any lengths, given as token numbers."""
        lengths = [len(text) for text in texts]
        tables: list[Floats] | None = None
        # The table costs as much as V tokens without it.
        V = self.encoder.size
        if sum(lengths) >= V and V * len(self.encoder.first[0]["b"]) <= _TABLE:
            tables = self._tables
        found = np.empty((len(texts), self.classes))

        def answer(rows: list[int]) -> None:
            found[rows] = self._answer([texts[row] for row in rows], tables)

        side_by_side(answer, lengths, self.threads)
        return found

    @cached_property
    def _tables(self) -> list[Floats]:
        """[V, k·H] of each direction: the first layer's products for every token there is."""
        return self.encoder.products(self.encoder.vectors(np.arange(self.encoder.size)))

    def _answer(
        self, texts: list[Sequence[int]], tables: list[Floats] | None
    ) -> NDArray[np.float64]:
        """[N, C] probabilities of texts, the longest first."""
        packing, ids = pack_rows(texts)
        products: Sequence[Products]
        if tables is None:
            products = self.encoder.products(self.encoder.vectors(ids))
        else:
            products = [_LookedUp(table, ids) for table in tables]
        states, last = self.encoder.encode(packing, products)
        scores = self._pool(packing, states, last) @ self.W.T + self.b
        return _probabilities(scores.astype(np.float64), self.several)

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


def _probabilities(scores: NDArray[np.float64], several: bool) -> NDArray[np.float64]:
    """[N, C] from [N, C] scores, or from the [N, 1] scores of a sigmoid unit.

    Args:
        several: a text may have several labels, so that each score is a sigmoid's.
    """
    if several:
        each: NDArray[np.float64] = np.exp(-np.logaddexp(0, -scores))
        return each
    if scores.shape[1] > 1:
        return np.asarray(softmax(scores), dtype=np.float64)
    second = 1 / (1 + np.exp(-scores))
    return np.concatenate([1 - second, second], axis=1)
