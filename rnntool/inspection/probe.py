"""One model and one text for inspection: weights, inputs and loss in NumPy.

Shapes: T time, D input, H hidden, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnntool.cells import CELLS, Array, Cell
from rnntool.cells.torch_layout import from_torch
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.encoder import vectors_of
from rnntool.inspection.heads import Head, classifier_head, direction_head, language_head
from rnntool.models.tensor_names import class_output, language_output, layer_tensors, token_vectors


@dataclass(frozen=True)
class Network:
    """The recurrent layers of a model: weights by [layer][direction], in float64."""

    name: str
    cell: Cell
    layers: list[list[dict[str, Array]]]

    @property
    def directions(self) -> int:
        """Number of directions, one or two."""
        return len(self.layers[0])

    @property
    def hidden(self) -> int:
        """H of the first layer."""
        return int(self.layers[0][0]["W_hh"].shape[1])


@dataclass(frozen=True)
class Probe:
    """A network, a text as its input, and the loss on its outputs."""

    network: Network
    tokens: list[str]
    x: Array  # (1, T, D)
    head: Head
    ids: np.ndarray[Any, Any] | None = None  # (T,) rows of trained token vectors
    tied: bool = False  # whether the output layer has the same weights
    names: Sequence[str] = ()  # names of the classes or tokens, for the head's target


class RunProbes:
    """Makes probes of a run's model, without dropout, as in prediction.

    Args:
        weights: the weights of one epoch; None: those of the best epoch.

    Raises:
        UserError: the weights are damaged, or the run's task cannot be inspected.
    """

    def __init__(self, run: Run, weights: Path | None = None) -> None:
        self.run = run
        if run.config.settings.get("multi_label"):
            raise UserError("gives several labels per text, which cannot be inspected",
                            where=run.path, hint="train without --multi-label")  # fmt: skip
        tensors = read_weights(weights or run.weights)
        name = run.path.resolve().name if weights is None else f"epoch {int(weights.stem)}"
        self.tensors: dict[str, Array] = {n: a.astype(np.float64) for n, a in tensors.items()}
        require_recurrent(run)
        cell = CELLS[run.config.settings["cell"]]
        self.network = Network(name, cell, trained_layers(cell, self.tensors))

    def probe(self, tokens: Sequence[str], label: int | None = None) -> Probe:
        """The model with a text of at least one token (two for a language model).

        Args:
            label: the class of the loss; None: the predicted one.
        """
        ids = np.array(self.run.vocabulary.encode(tokens))
        if self.run.config.task == "classify":
            settings = self.run.config.settings
            W, b = class_output(self.tensors)
            head = classifier_head(settings["pooling"], self.network.directions, W, b, label)
            return Probe(self.network, list(tokens), self._vectors(ids), head, self._trained(ids),
                         names=self.run.labels)  # fmt: skip
        output = language_output(self.tensors)
        if output is None:
            raise UserError("has an adaptive softmax, which cannot be inspected yet",
                            where=self.run.path)  # fmt: skip
        head = language_head(*output, int(ids[-1]))
        read = ids[:-1]
        tied = bool(self.run.config.settings.get("tie_weights"))
        return Probe(self.network, list(tokens[:-1]), self._vectors(read), head,
                     self._trained(read), tied, self.run.vocabulary.tokens)  # fmt: skip

    def inputs(self, tokens: Sequence[str]) -> Array:
        """(1, T, D) inputs of the first layer."""
        return self._vectors(np.array(self.run.vocabulary.encode(tokens)))

    def _trained(self, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
        """The rows of token vectors that training on this text would change."""
        frozen = self.run.config.settings.get("freeze")
        return None if frozen or token_vectors(self.tensors) is None else ids

    def _vectors(self, ids: np.ndarray[Any, Any]) -> Array:
        return vectors_of(ids, token_vectors(self.tensors), len(self.run.vocabulary))[None]


def trained_layers(cell: Cell, tensors: dict[str, Array]) -> list[list[dict[str, Array]]]:
    """A model's recurrent weights by [layer][direction], with the names of the equations."""
    return [
        [from_torch(cell, own, prefix)[0][0] for prefix, own in layer]
        for layer in layer_tensors(tensors)
    ]


def require_recurrent(run: Run) -> None:
    """Refuse a run that NumPy's cells cannot compute.

    Raises:
        UserError: it is of another task, has no recurrent layer, or has unsupported parts.
    """
    if run.config.task not in ("classify", "lm"):
        raise UserError(
            f"was trained for {run.config.task!r}, but only classifiers and language models can be"
            " inspected",
            where=run.path,
        )
    settings = run.config.settings
    if settings.get("encoder") == "cnn":
        raise UserError("has no recurrent layer: its encoder is cnn, which has no steps in time",
                        where=run.path, hint="train one with --encoder recurrent")  # fmt: skip
    extras = [name for name in ("layer_norm", "residual", "features") if settings.get(name)]
    if settings.get("input") == "characters":
        extras.append("an input that reads characters")
    if settings.get("encoder", "recurrent") != "recurrent":
        extras.append(f"encoder {settings['encoder']}")
    if extras:
        raise UserError(
            f"has {', '.join(extras)}, but only plain recurrent layers can be inspected",
            where=run.path,
        )


def fresh_network(
    cell: str,
    dim: int,
    hidden: int,
    layers: int,
    directions: int,
    generator: np.random.Generator,
    *,
    init: str = "orthogonal",
    forget_bias: float = 1.0,
    spectral_radius: float | None = None,
) -> Network:
    """An untrained network.

    Args:
        init: `uniform` in ±1/√H as in torch.nn, or `orthogonal` recurrent blocks.
        forget_bias: bias of an LSTM's forget gate (1 in Jozefowicz et al. 2015, §3).
        spectral_radius: scale each recurrent block to this; None: do not scale.
    """
    kind = CELLS[cell]
    built = []
    for layer in range(layers):
        D = dim if layer == 0 else hidden * directions
        start = (generator, init, forget_bias, spectral_radius)
        built.append([_initial(kind, D, hidden, *start) for _ in range(directions)])
    return Network(cell, kind, built)


def fresh_probe(network: Network, tokens: Sequence[str], dim: int, seed: int) -> Probe:
    """An untrained network with a text: random word vectors, and a random direction as the loss.

    A word has the same vector for every cell, so that networks can be compared.
    """
    generator = np.random.default_rng([seed, 1])
    known = sorted(set(tokens))
    vectors = dict(zip(known, generator.normal(size=(len(known), dim)), strict=True))
    x = np.array([vectors[token] for token in tokens])[None]
    width = network.hidden * network.directions
    v = generator.normal(size=width)
    head = direction_head(v / np.linalg.norm(v), network.directions)
    return Probe(network, list(tokens), x, head)


def _initial(
    cell: Cell,
    D: int,
    H: int,
    generator: np.random.Generator,
    init: str,
    forget_bias: float,
    radius: float | None,
) -> dict[str, Array]:
    weights = cell.initial_weights(D, H, generator)
    if "f" in cell.blocks:
        place = cell.blocks.index("f") * H
        weights["b"][place : place + H] = forget_bias
    for start in range(0, len(weights["W_hh"]), H):
        block = weights["W_hh"][start : start + H]
        if init == "orthogonal":
            block[:] = np.linalg.qr(generator.normal(size=(H, H)))[0]
        if radius is not None:
            block *= radius / np.abs(np.linalg.eigvals(block)).max()
    return weights
