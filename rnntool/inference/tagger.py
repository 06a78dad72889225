"""A tagger's forward pass on the NumPy cells: a sentence takes less time than importing torch.

Shapes: M tokens of all sentences, U distinct words, C tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.softmax import softmax
from rnntool.inference.characters import NumpyCharacters
from rnntool.inference.encoder import Floats, can_encode, encoder_of
from rnntool.inference.packed import pack_rows, side_by_side
from rnntool.machine import usable_cores
from rnntool.models.tensor_names import class_output

Numbers = Sequence[Sequence[int]]


def can_tag(settings: Mapping[str, Any]) -> bool:
    """Whether `NumpyTagger` supports a run of `train tag` with these settings."""
    return can_encode(settings) and not settings.get("crf")


class NumpyTagger:
    """The model of a run of `train tag`.

    Args:
        settings: of the run; `can_tag` must be true for them.
        tensors: its weights by name, as `weights.safetensors` holds them.
        threads: number of batches computed at the same time; 0: one per core.
    """

    def __init__(
        self, settings: Mapping[str, Any], tensors: Mapping[str, Floats], threads: int = 0
    ) -> None:
        kind = settings["characters"]
        self.characters = None if kind == "none" else NumpyCharacters(kind, tensors)
        spelled = 0 if self.characters is None else self.characters.width
        self.encoder = encoder_of(settings, tensors, beside=spelled)
        self.W, self.b = class_output(tensors)
        self.threads = threads or usable_cores()

    def probabilities(
        self, sentences: Numbers, words: Numbers, spellings: Numbers
    ) -> NDArray[np.float64]:
        """[M, C] tag probabilities for the tokens of all sentences, one sentence after the other.

        Args:
            sentences: token numbers.
            words: the index of each token's word in `spellings`.
            spellings: [U] character numbers of each distinct word.
        """
        lengths = [len(sentence) for sentence in sentences]
        begins = np.cumsum([0, *lengths])
        found = np.empty((int(begins[-1]), len(self.b)))
        spelled = None if self.characters is None else self.characters.vectors(spellings)

        def answer(rows: list[int]) -> None:
            packing, ids = pack_rows([sentences[row] for row in rows])
            x = self.encoder.vectors(ids)
            if spelled is not None:
                _, which = pack_rows([words[row] for row in rows])
                x = np.concatenate([x, spelled[which]], axis=1)
            states, _ = self.encoder.encode(packing, self.encoder.products(x))
            scores = (states @ self.W.T + self.b).astype(np.float64)
            _, places = pack_rows([range(begins[row], begins[row + 1]) for row in rows])
            found[places] = softmax(scores)

        side_by_side(answer, lengths, self.threads)
        return found
