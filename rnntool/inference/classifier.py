"""A classifier's forward pass on the NumPy cells: starts at once, and is fast on a CPU.

Several batches are computed at the same time, one per core.

Shapes: N texts, M tokens of all of them, H hidden, V vocabulary, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.softmax import softmax
from rnntool.inference.encoder import Floats, encoder_of
from rnntool.inference.packed import pack_rows, side_by_side
from rnntool.inference.pooling import Pool
from rnntool.inference.products import LookedUp, Products
from rnntool.machine import usable_cores
from rnntool.models.tensor_names import class_output

_TABLE = 1 << 26  # numbers of the first layer's table at most
_MANY = 256  # texts answered together, which can wait for a table


class NumpyClassifier:
    """The model of a run of `train classify`.

    Args:
        settings: of the run; `can_encode` must be true for them.
        tensors: its weights by name, as `weights.safetensors` holds them.
        threads: number of batches computed at the same time; 0: one per core.
    """

    def __init__(
        self, settings: Mapping[str, Any], tensors: Mapping[str, Floats], threads: int = 0
    ) -> None:
        self.pooling = settings["pooling"]
        self.several = settings.get("multi_label") is True
        self.encoder = encoder_of(settings, tensors)
        self.W, self.b = class_output(tensors)
        self.threads = threads or usable_cores()
        self._tables: list[Floats] | None = None
        self._tokens = 0  # that were computed without them, in calls with many texts

    @property
    def classes(self) -> int:
        """C; a single sigmoid unit has two classes."""
        return len(self.b) if self.several else max(2, len(self.b))

    def probabilities(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """[N, C] class probabilities of N texts of any lengths, given as token numbers."""
        lengths = [len(text) for text in texts]
        tables = self._tables_for(lengths)
        found = np.empty((len(texts), self.classes))

        def answer(rows: list[int]) -> None:
            found[rows] = self._answer([texts[row] for row in rows], tables)

        side_by_side(answer, lengths, self.threads)
        return found

    def _tables_for(self, lengths: list[int]) -> list[Floats] | None:
        """[k, V, H] for each direction: the first layer's products for every token.

        Making them costs as much as computing V tokens without them, so they are made once many
        texts have had so many tokens, and never for a single line, which would have to wait.

        Args:
            lengths: of the texts that are answered next.
        """
        V = self.encoder.size
        fits = V * self.encoder.first[0].b.size <= _TABLE
        if self._tables is None and fits and len(lengths) >= _MANY:
            self._tokens += sum(lengths)
            if self._tokens >= V:
                self._tables = self.encoder.tables()
        return self._tables

    def _answer(
        self, texts: list[Sequence[int]], tables: list[Floats] | None
    ) -> NDArray[np.float64]:
        """[N, C] probabilities of texts, which are sorted longest first."""
        packing, ids = pack_rows(texts)
        products: Sequence[Products]
        if tables is None:
            products = self.encoder.products(self.encoder.vectors(ids))
        else:
            products = [LookedUp(table, ids, len(texts)) for table in tables]
        layer = self.encoder.layers[-1]
        pool = Pool(self.pooling, packing.lengths, layer[0].hidden, len(layer), layer[0].dtype)
        pooled = pool.pooled(self.encoder.show(packing, products, pool.see))
        scores = pooled @ self.W.T + self.b
        return _probabilities(scores.astype(np.float64), self.several)


def _probabilities(scores: NDArray[np.float64], several: bool) -> NDArray[np.float64]:
    """[N, C] from [N, C] scores, or from the [N, 1] scores of a sigmoid unit.

    Args:
        several: a text may have several labels, so each score goes through a sigmoid.
    """
    if several:
        each: NDArray[np.float64] = np.exp(-np.logaddexp(0, -scores))
        return each
    if scores.shape[1] > 1:
        return np.asarray(softmax(scores), dtype=np.float64)
    second = 1 / (1 + np.exp(-scores))
    return np.concatenate([1 - second, second], axis=1)
