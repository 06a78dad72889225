"""A recurrent encoder's forward pass on the NumPy cells: from token numbers to states.

It needs no torch, whose import takes longer than encoding a page of text. Rows are packed, so no
step is computed for padding.

Shapes: N rows, M steps of all of them, D input, H hidden, k blocks of a cell, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells import CELLS
from rnntool.cells.torch_layout import from_torch
from rnntool.inference.packed import Ints, Packing
from rnntool.inference.products import Computed, Products
from rnntool.inference.recurrence import Prepared, prepare, start
from rnntool.models.tensor_names import ENCODER, layer_tensors, token_vectors

Floats = NDArray[Any]
_PART = 2048  # tokens of a table computed together


class Vectors(Protocol):
    """[V, D], indexed by token numbers: an array, or the rows of a file."""

    def __len__(self) -> int: ...
    def __getitem__(self, ids: Ints) -> Floats: ...


# Called after each step with a direction, n, and the states [n, H] of the first n rows.
See = Callable[[int, int, Floats], None]


def can_encode(settings: Mapping[str, Any]) -> bool:
    """Whether `Encoder` supports a run with these settings."""
    return not missing_parts(settings)


def missing_parts(settings: Mapping[str, Any]) -> list[str]:
    """The flags of `train` that gave a run parts which `Encoder` does not compute."""
    names = ("layer_norm", "residual", "features")
    found = [f"--{name.replace('_', '-')}" for name in names if settings.get(name)]
    if settings.get("input") == "characters":
        found.append("--input characters")
    encoder = settings.get("encoder", "recurrent")
    return found if encoder in ("recurrent", "directional") else [*found, f"--encoder {encoder}"]


def vectors_of(ids: Ints, embedding: Vectors | None, size: int, dtype: Any = np.float64) -> Floats:
    """[M, D] rows of the token vectors, or one-hot vectors of `size`; that of `<pad>` is zeros."""
    if embedding is not None:
        return embedding[ids]
    unit: Floats = np.eye(size, dtype=dtype)[ids]
    unit[ids == 0] = 0
    return unit


class Encoder:
    """Layers with one or two directions over packed rows.

    Args:
        cell: a name of `registry.CELLS`.
        tensors: weights by name, as `weights.safetensors` holds them.
        prefix: the beginning of the names of the encoder's tensors.
        embedding: token vectors [V, D], an array or rows of a file; None: one-hot.
        apart: a layer reads only the same direction of the layer below, not both.
        beside: number of further inputs beside a token's vector.
    """

    def __init__(
        self,
        cell: str,
        tensors: Mapping[str, Floats],
        prefix: str = ENCODER,
        embedding: Vectors | None = None,
        apart: bool = False,
        beside: int = 0,
    ) -> None:
        self.cell, self.embedding, self.apart = CELLS[cell], embedding, apart
        self.beside = beside
        self.layers: list[list[Prepared]] = [
            [prepare(self.cell, from_torch(self.cell, own, way)[0][0]) for way, own in layer]
            for layer in layer_tensors(tensors, prefix)
        ]
        self.first = self.layers[0]

    @property
    def size(self) -> int:
        """V."""
        if self.embedding is not None:
            return len(self.embedding)
        return int(self.first[0].W_x.shape[1]) - self.beside

    def vectors(self, ids: Ints) -> Floats:
        """[M, D] of M tokens; see `vectors_of`."""
        return vectors_of(ids, self.embedding, self.size, self.first[0].dtype)

    def tables(self) -> list[Floats]:
        """[k, V, H] for each direction: the first layer's products for every token."""
        V, made = self.size, list[Floats]()
        for p in self.first:
            made.append(np.empty((len(p.W_h), V, p.hidden), p.dtype))
        # In parts, so that the vectors of all tokens need not be in memory too.
        for begin in range(0, V, _PART):
            x = self.vectors(np.arange(begin, min(V, begin + _PART)))
            for p, table in zip(self.first, made, strict=True):
                table[:, begin : begin + len(x)] = p.products(x)
        return made

    def products(self, x: Floats) -> list[Computed]:
        """For each direction of the first layer: `W_xh x + b` of the inputs [M, D]."""
        return [Computed(p.products(x)) for p in self.first]

    def encode(self, packing: Packing, products: Sequence[Products]) -> tuple[Floats, Floats]:
        """The last layer's states [M, H·directions], and each direction's last state [N, …]."""
        *_, (ways, ends) = self.every_layer(packing, products)
        return np.concatenate(ways, axis=1), np.concatenate(ends, axis=1)

    def show(self, packing: Packing, products: Sequence[Products], see: See) -> list[Floats]:
        """The last state [N, H] of each direction of the last layer; `see` gets all its states.

        The states are not stored, since storing them would take as long as using them.
        """
        *_, (_, ends) = self.every_layer(packing, products, see)
        return ends

    def every_layer(
        self, packing: Packing, products: Sequence[Products], see: See | None = None
    ) -> Iterator[tuple[list[Floats], list[Floats]]]:
        """The states of each layer, from the first to the last.

        Args:
            see: gets the last layer's states, which are then not stored.

        Yields:
            Each direction's states [M, H], and its last state [N, H].
        """
        ways: list[Floats] = []
        for layer in self.layers:
            if ways:
                both = np.concatenate(ways, axis=1)
                inputs = ways if self.apart else [both] * len(layer)
                products = [Computed(p.products(x)) for x, p in zip(inputs, layer, strict=True)]
            shown = see if layer is self.layers[-1] else None
            runs = [
                self._run(p, own, packing, direction, shown)
                for direction, (p, own) in enumerate(zip(layer, products, strict=True))
            ]
            ways = [states for states, _ in runs]
            yield ways, [end for _, end in runs]

    def _run(
        self, p: Prepared, products: Products, packing: Packing, direction: int, see: See | None
    ) -> tuple[Floats, Floats]:
        """One direction of a layer: the states [M, H] in reading order, and the last ones [N, H].

        Backward, a row starts at its last token, from its zero state.
        """
        running = start(p, len(packing.lengths))
        kept = int(packing.lengths.sum()) if see is None else 0
        states: Floats = np.empty((kept, p.hidden), p.dtype)
        for n, place in packing.steps(backward=direction == 1):
            h = running.step(n, products.at(place))
            if see is None:
                states[place] = h
            else:
                see(direction, n, h)
        return states, running.h


def encoder_of(
    settings: Mapping[str, Any], tensors: Mapping[str, Floats], beside: int = 0
) -> Encoder:
    """The encoder of a run with these settings, for which `can_encode` must be true.

    Raises:
        ValueError: the sizes of the weights do not fit the settings.
    """
    encoder = Encoder(
        settings["cell"],
        tensors,
        embedding=token_vectors(tensors),
        apart=settings.get("encoder", "recurrent") == "directional",
        beside=beside,
    )
    H = encoder.first[0].hidden
    if settings["hidden"] != H or len(encoder.layers) != settings["layers"]:
        raise ValueError(
            f"{len(encoder.layers)} layers of {H}, and the settings say {settings['layers']} of"
            f" {settings['hidden']}"
        )
    return encoder
