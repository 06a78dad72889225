"""A trained network's states for texts given as tokens, layer by layer.

Shapes: T tokens of a text, M of several, D token vector, H hidden, F features of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.encoder import Encoder, encoder_of, missing_parts
from rnntool.inference.packed import pack_rows, side_by_side
from rnntool.inspection.spelled_tokens import SpelledTokens
from rnntool.machine import usable_cores
from rnntool.tasks.lm.text import unit_of

Floats = NDArray[np.float32]
VECTORS = "token vectors"


class LayerStates(Protocol):
    """A network whose states are read layer by layer."""

    names: list[str]  # names of the layers that `read` returns, lowest first

    def read(self, texts: Sequence[Sequence[str]]) -> list[list[Floats]]:
        """For each text each layer's [T, F], with both directions side by side."""


class NumpyLayers:
    """States from the NumPy cells.

    Args:
        run: of `train classify`, `tag`, `lm` or `bilm`; `can_encode` must be true for its settings.

    Raises:
        UserError: the weights do not fit the settings.
    """

    def __init__(self, run: Run, threads: int = 0) -> None:
        self.run, self.threads = run, threads or usable_cores()
        settings, tensors = run.config.settings, read_weights(run.weights)
        self.spelled = SpelledTokens(run, tensors)
        self.before, self.behind = _around(run)
        apart = {"encoder": "directional"} if run.config.task == "bilm" else {}
        try:
            self.encoder: Encoder = encoder_of({**settings, **apart}, tensors, self.spelled.width)
        except (KeyError, ValueError, IndexError) as error:
            raise UserError(f"do not fit the model: {error}", where=run.weights) from None
        # One-hot vectors are left out: they have the size of the vocabulary and add nothing.
        self.static = self.encoder.embedding is not None
        layers = [f"layer {n + 1}" for n in range(len(self.encoder.layers))]
        self.names = [VECTORS, *layers] if self.static else layers

    def read(self, texts: Sequence[Sequence[str]]) -> list[list[Floats]]:
        """States after each token, without those of `<bos>` and similar tokens.

        A tagger's token vectors are word vectors and character-based vectors side by side.
        """
        whole = [[*self.before, *text, *self.behind] for text in texts]
        encoded = [self.run.vocabulary.encode(text) for text in whole]
        found: list[list[Floats]] = [[] for _ in texts]

        def answer(rows: list[int]) -> None:
            packing, ids = pack_rows([encoded[row] for row in rows])
            x = self.spelled.beside(self.encoder.vectors(ids), [whole[row] for row in rows])
            layers = [x] if self.static else []
            for ways, _ in self.encoder.every_layer(packing, self.encoder.products(x)):
                layers.append(np.concatenate(ways, axis=1))
            for n, row in enumerate(rows):
                first = len(self.before)
                places = packing.starts[first : first + len(texts[row])] + n
                found[row] = [layer[places] for layer in layers]

        side_by_side(answer, [len(text) for text in whole], self.threads)
        return found


class TorchLayers:
    """States of a biLM that reads characters, from torch."""

    def __init__(self, run: Run, device: str = "auto", threads: int = 0) -> None:
        from rnntool.tasks.bilm.load import load_bilm

        self.trained = load_bilm(run, device, threads)
        self.names = [VECTORS, *(f"layer {n + 1}" for n in range(self.trained.settings.layers))]

    def read(self, texts: Sequence[Sequence[str]]) -> list[list[Floats]]:
        """States after each token; token vectors are those made from the characters."""
        from rnntool.tasks.bilm.embed import embed_tokens

        listed = [list(text) for text in texts]
        layers = [embed_tokens(self.trained, listed, str(n)) for n in range(len(self.names))]
        return [[layer[n].vectors for layer in layers] for n in range(len(listed))]


def open_layers(run: Run, device: str = "auto", threads: int = 0) -> LayerStates:
    """The states of a run of `train classify`, `tag`, `lm` or `bilm`.

    Raises:
        UserError: it has no recurrent layers, or has unsupported parts.
    """
    settings = run.config.settings
    if settings.get("encoder") == "cnn":
        raise UserError("has no recurrent layer: its encoder is cnn, which has no states",
                        where=run.path, hint="train one with --encoder recurrent")  # fmt: skip
    missing = missing_parts(settings)
    if not missing:
        return NumpyLayers(run, threads)
    if run.config.task == "bilm":
        return TorchLayers(run, device, threads)
    raise UserError(f"was trained with {', '.join(missing)}", where=run.path,
                    hint="plain recurrent layers are read layer by layer")  # fmt: skip


def _around(run: Run) -> tuple[list[str], list[str]]:
    """The tokens that a language model reads before and after a text."""
    if run.config.task not in ("lm", "bilm"):
        return [], []
    unit = unit_of(run)
    return [unit.start], [unit.end if not unit.documents else unit.line([])[-1]]
