"""Vectors of words from their characters, in NumPy; the same as models/characters.py.

Shapes: U words, L characters of the longest, d a character's vector, F filters of a width,
E features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnntool.inference.encoder import Encoder, Floats
from rnntool.inference.packed import pack_rows, side_by_side
from rnntool.models.tensor_names import CHARACTERS, filters


class NumpyCharacters:
    """A convolution over characters and its maximum, or an LSTM's last states in both directions.

    Args:
        kind: `cnn` or `recurrent`.
        tensors: the run's weights by name.
    """

    def __init__(self, kind: str, tensors: Mapping[str, Floats]) -> None:
        self.embedding = tensors[f"{CHARACTERS}embedding.weight"]
        self.filters: list[tuple[Floats, Floats]] = []
        self.recurrent: Encoder | None = None
        if kind == "recurrent":
            self.recurrent = Encoder("lstm", tensors, f"{CHARACTERS}encoder.", self.embedding)
        else:
            self.filters = filters(tensors, f"{CHARACTERS}encoder.")

    @property
    def width(self) -> int:
        """E."""
        if self.recurrent is None:
            return sum(len(bias) for _, bias in self.filters)
        return sum(p.hidden for p in self.recurrent.layers[-1])

    def vectors(self, words: Sequence[Sequence[int]]) -> Floats:
        """[U, E] of words given as character numbers."""
        if self.recurrent is None:
            found = [self._filtered(words[at : at + 1024]) for at in range(0, len(words), 1024)]
            return np.concatenate(found)
        return self._read(words, self.recurrent)

    def _filtered(self, words: Sequence[Sequence[int]]) -> Floats:
        """[U, E] by convolution; the ReLU's maximum is zero for an empty word."""
        L = max(1, *map(len, words))
        ids = np.zeros((len(words), L), dtype=np.int64)
        real = np.zeros((len(words), L, 1), dtype=bool)
        for row, word in enumerate(words):
            ids[row, : len(word)], real[row, : len(word)] = word, True
        x = self.embedding[ids] * real  # [U, L, d]
        best = []
        for weight, bias in self.filters:  # [F, d, width], [F]
            width = weight.shape[2]
            # An even width pads one step more in front.
            wide = np.pad(x, ((0, 0), (width // 2, (width - 1) // 2), (0, 0)))
            windows = sliding_window_view(wide, width, axis=1)  # [U, L, d, width]
            found = windows.reshape(*windows.shape[:2], -1) @ weight.reshape(len(weight), -1).T
            found = np.maximum(found + bias, 0) * real
            best.append(found.max(axis=1, initial=0))
        return np.concatenate(best, axis=1)

    def _read(self, words: Sequence[Sequence[int]], encoder: Encoder) -> Floats:
        """[U, E] by the LSTM."""
        found = np.empty((len(words), self.width), self.embedding.dtype)

        def answer(rows: list[int]) -> None:
            packing, ids = pack_rows([words[row] for row in rows])
            _, found[rows] = encoder.encode(packing, encoder.products(encoder.vectors(ids)))

        side_by_side(answer, [len(word) for word in words], 1)
        return found
