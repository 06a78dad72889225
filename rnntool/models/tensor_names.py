"""Names of a model's tensors in `weights.safetensors`: the only module that knows them.

PyTorch names a tensor by the modules that hold it, so the names follow from the classes of this
package. Code that reads weights without torch uses this module: NumPy inference, inspection, and
the check of a run when it is opened.

Shapes: V vocabulary, D input, H hidden, C classes or tokens of an output.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

ENCODER = "encoder."
CHARACTERS = "characters."  # a tagger's encoder of spellings
TOKEN_VECTORS = "input.embedding.weight"  # [V, D]
_SPELLED = "input.spelling"  # [V, L] the characters of each token
_LANGUAGE_OUTPUT, _CLASS_OUTPUT, _ADAPTIVE = "output.linear.", "output.", "output.softmax."

Tensors = Mapping[str, Any]
Shapes = Mapping[str, Sequence[int]]


class Condition(NamedTuple):
    """How a captioning model scales its vector, and how it turns it into a state (if it does)."""

    mean: Any  # [F]
    deviation: Any  # [F]
    weight: Any | None  # [sum of H, F]; None: the vector is an input at each step
    bias: Any | None


def token_vectors(tensors: Tensors) -> Any | None:
    """[V, D]; None where tokens are one-hot or are read as characters."""
    return tensors.get(TOKEN_VECTORS)


def class_output(tensors: Tensors) -> tuple[Any, Any]:
    """Weights [C, H] and biases [C] of a classifier's or a tagger's output (a sigmoid: C = 1)."""
    return tensors[_CLASS_OUTPUT + "weight"], tensors[_CLASS_OUTPUT + "bias"]


def language_output(tensors: Tensors) -> tuple[Any, Any] | None:
    """Weights [V, H] and biases [V] of a language model's softmax; None where it is adaptive."""
    if _LANGUAGE_OUTPUT + "weight" not in tensors:
        return None
    return tensors[_LANGUAGE_OUTPUT + "weight"], tensors[_LANGUAGE_OUTPUT + "bias"]


def adaptive_output(tensors: Tensors) -> tuple[Any, list[tuple[Any, Any]]]:
    """An adaptive softmax's head, and the two matrices of each tail (torch's layout)."""
    tails: list[tuple[Any, Any]] = []
    while (prefix := f"{_ADAPTIVE}tail.{len(tails)}.") + "0.weight" in tensors:
        tails.append((tensors[prefix + "0.weight"], tensors[prefix + "1.weight"]))
    return tensors[_ADAPTIVE + "head.weight"], tails


def both_ways_output(tensors: Tensors) -> tuple[Any, Any]:
    """Rows [V, D] and biases [V] of the softmax that a biLM's directions share."""
    return tensors["output.embedding.weight"], tensors["output.bias"]


def both_ways_projections(tensors: Tensors) -> list[tuple[Any, Any] | None]:
    """For each direction of a biLM, the weights [D, H] and biases [D] before its softmax.

    None where H equals D: then the states are used unchanged.
    """
    names = [f"project.{way}." for way in range(2)]
    return [
        (tensors[name + "weight"], tensors[name + "bias"]) if name + "weight" in tensors else None
        for name in names
    ]


def condition(tensors: Tensors) -> Condition:
    """How a captioning model uses its vector; KeyError if the model is of another task."""
    return Condition(
        tensors["mean"], tensors["deviation"],
        tensors.get("condition.weight"), tensors.get("condition.bias"),
    )  # fmt: skip


def layer_tensors(tensors: Tensors, prefix: str = ENCODER) -> list[list[tuple[str, Tensors]]]:
    """For each layer and direction: the prefix of its tensors, and those tensors.

    A language model's layers have one direction, whose number is not part of the names.
    """
    layers: list[list[tuple[str, Tensors]]] = []
    while True:
        layer = f"{prefix}layers.{len(layers)}."
        if f"{layer}weight_hh_l0" in tensors:
            layers.append([(layer, _under(tensors, layer))])
            continue
        ways: list[tuple[str, Tensors]] = []
        while f"{layer}{len(ways)}.weight_hh_l0" in tensors:
            way = f"{layer}{len(ways)}."
            ways.append((way, _under(tensors, way)))
        if not ways:
            return layers
        layers.append(ways)


def products_of_a_token(shapes: Shapes) -> int:
    """How many numbers the recurrent layers multiply for one token, except for its own vector."""
    return sum(
        math.prod(shape)
        for n, layer in enumerate(layer_tensors(shapes))
        for _, own in layer
        for name, shape in own.items()
        if n > 0 or name.endswith("weight_hh_l0")
    )


def filters(tensors: Tensors, prefix: str) -> list[tuple[Any, Any]]:
    """Weights [F, D, width] and biases [F] of each width of a convolution's first layer."""
    found: list[tuple[Any, Any]] = []
    while (name := f"{prefix}layers.0.{len(found)}.") + "weight" in tensors:
        found.append((tensors[name + "weight"], tensors[name + "bias"]))
    return found


def mixture_of_layers(tensors: Tensors) -> tuple[Any, float, int]:
    """Scores of a task's mixture of a biLM's layers, its scale γ, and how many layers there are."""
    layers = len(layer_tensors(tensors, "features.encoder."))
    return tensors["features.scores"], float(tensors["features.scale"][0]), layers


def vocabulary_rows(shapes: Shapes) -> dict[str, int]:
    """How many entries each vocabulary of a run must have to fit its weights, by kind.

    The kinds are `tokens`, `targets` (of a seq2seq model), `characters` (of a tagger) and
    `spelling` (with --input characters). Sizes that the weights do not determine are left out.
    """
    named = {
        "tokens": (TOKEN_VECTORS, "source.embedding.weight", _SPELLED),
        "targets": ("target.embedding.weight",),
        "characters": (f"{CHARACTERS}embedding.weight",),
        "spelling": ("input.encoder.embedding.weight",),
    }
    found = {of: shapes[name][0] for of, names in named.items() for name in names if name in shapes}
    plain = not any(name.startswith("features.") for name in shapes)
    if plain and "tokens" not in found and (width := _input_width(shapes)) is not None:
        found["tokens"] = width - _spelled_width(shapes)  # one-hot: as wide as the vocabulary
    return found


def rows_of_tokens(names: Container[str]) -> list[str]:
    """Names of the tensors with a row for each token, from which rows can be removed.

    Empty where tokens have another layout: one-hot, a biLM inside, an adaptive softmax.
    """
    if f"{_ADAPTIVE}head.weight" in names or f"features.{TOKEN_VECTORS}" in names:
        return []
    read = [name for name in (TOKEN_VECTORS, _SPELLED) if name in names]
    written = [_LANGUAGE_OUTPUT + "weight", _LANGUAGE_OUTPUT + "bias"]
    return read and [*read, *(name for name in written if name in names)]


def _input_width(shapes: Shapes) -> int | None:
    """D of the first layer."""
    names = [f"{ENCODER}layers.0.{rest}" for rest in ("weight_ih_l0", "0.weight_ih_l0", "0.weight")]
    names.append(f"{ENCODER}front.layers.0.0.weight")
    return next((shapes[name][1] for name in names if name in shapes), None)


def _spelled_width(shapes: Shapes) -> int:
    """Features that a tagger's character encoder adds to a token's vector."""
    ways = [name for name in shapes if name.startswith(f"{CHARACTERS}encoder.layers.0.")]
    widths = [shapes[name][0] for name in ways if name.endswith(".bias")]
    widths += [shapes[name][1] for name in ways if name.endswith(".weight_hh_l0")]
    return sum(widths)


def _under(tensors: Tensors, prefix: str) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
