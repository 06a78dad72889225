"""A trained network's states for texts given as tokens, layer by layer.

Shapes: T tokens of a text, M of several, D token vector, H hidden, F features of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.data.spelling import Speller
from rnntool.errors import UserError
from rnntool.formats.rundir import CHARACTERS, Run
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.weights import read_weights
from rnntool.inference.characters import NumpyCharacters
from rnntool.inference.encoder import Encoder, can_encode, encoder_of
from rnntool.inference.packed import Ints, pack_rows, side_by_side
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
        self.spelled = _Spelled(run, tensors) if run.config.task == "tag" else None
        beside = 0 if self.spelled is None else self.spelled.width
        self.before, self.behind = _around(run)
        apart = {"encoder": "directional"} if run.config.task == "bilm" else {}
        try:
            self.encoder: Encoder = encoder_of({**settings, **apart}, tensors, beside)
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
            x = self._vectors(ids, [whole[row] for row in rows])
            layers = [x] if self.static else []
            for ways, _ in self.encoder.every_layer(packing, self.encoder.products(x)):
                layers.append(np.concatenate(ways, axis=1))
            for n, row in enumerate(rows):
                first = len(self.before)
                places = packing.starts[first : first + len(texts[row])] + n
                found[row] = [layer[places] for layer in layers]

        side_by_side(answer, [len(text) for text in whole], self.threads)
        return found

    def _vectors(self, ids: Ints, texts: list[list[str]]) -> Any:
        """[M, D] vectors of packed tokens."""
        x = self.encoder.vectors(ids)
        return x if self.spelled is None else self.spelled.beside(x, texts)


class _Spelled:
    """The character-based part of a tagger's input."""

    def __init__(self, run: Run, tensors: dict[str, NDArray[Any]]) -> None:
        settings = run.config.settings
        kind = settings["characters"]
        self.engine = None if kind == "none" else NumpyCharacters(kind, tensors)
        if self.engine is not None:
            characters = read_vocabulary(str(run.path / CHARACTERS))
            self.speller = Speller(settings["character_unit"], characters)

    @property
    def width(self) -> int:
        return 0 if self.engine is None else self.engine.width

    def beside(self, x: NDArray[Any], texts: list[list[str]]) -> NDArray[Any]:
        """[M, D] word vectors with the character-based vectors beside them."""
        if self.engine is None:
            return x
        places: dict[str, int] = {}
        rows = [[places.setdefault(token, len(places)) for token in text] for text in texts]
        spelled = self.engine.vectors([self.speller.spell(word) for word in places])
        return np.concatenate([x, spelled[pack_rows(rows)[1]]], axis=1)


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
    if can_encode(settings):
        return NumpyLayers(run, threads)
    if run.config.task == "bilm":
        return TorchLayers(run, device, threads)
    names = ("layer_norm", "residual", "features")
    extras = [f"--{name.replace('_', '-')}" for name in names if settings.get(name)]
    if settings.get("input") == "characters":
        extras.append("--input characters")
    if settings.get("encoder", "recurrent") not in ("recurrent", "directional"):
        extras.append(f"--encoder {settings['encoder']}")
    raise UserError(f"was trained with {', '.join(extras)}", where=run.path,
                    hint="plain recurrent layers are read layer by layer")  # fmt: skip


def _around(run: Run) -> tuple[list[str], list[str]]:
    """The tokens that a language model reads before and after a text."""
    if run.config.task not in ("lm", "bilm"):
        return [], []
    unit = unit_of(run)
    return [unit.start], [unit.end if not unit.documents else unit.line([])[-1]]
