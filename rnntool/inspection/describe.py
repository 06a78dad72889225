"""`rnntool describe`: the contents of a run directory."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from math import prod
from typing import Any

from rnntool.configuration import as_dict
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.registry import TASKS
from rnntool.runs.open import open_run


@dataclass(frozen=True)
class Layer:
    """One tensor of the model."""

    name: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Description:
    """A run's layers, sizes and settings."""

    run: Run
    layers: list[Layer]
    parameters: int  # as torch counts: two biases per gate
    parameters_one_bias: int  # one bias per gate: textbooks; Keras, except its default GRU
    parameters_reset_after: int | None  # only for a GRU: Keras' default, reset_after=True
    bytes: int

    def changed_settings(self) -> dict[str, Any]:
        """The settings that differ from their defaults; all of them if the task is unknown."""
        config = self.run.config
        if config.task not in TASKS:
            return config.settings
        module = importlib.import_module(f"rnntool.tasks.{config.task}.settings")
        defaults = as_dict(getattr(module, TASKS[config.task].settings)())
        return {
            name: value
            for name, value in config.settings.items()
            if name not in defaults or defaults[name] != value
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        config = self.run.config
        return {
            "task": config.task,
            "tokenizer": config.tokenizer,
            "labels": self.run.labels,
            "vocabulary": len(self.run.vocabulary),
            "parameters": self.parameters,
            "parameters_one_bias": self.parameters_one_bias,
            "parameters_reset_after": self.parameters_reset_after,
            "bytes": self.bytes,
            "layers": {layer.name: list(layer.shape) for layer in self.layers},
            "settings": config.settings,
            "inputs": config.inputs,
            "versions": config.versions,
            "results": config.results,
        }


def describe_run(path: str) -> Description:
    """Describe a run directory; only the shapes of the weights are read.

    Raises:
        UserError: the path is not a run, or its weights are damaged.
    """
    from safetensors import SafetensorError, safe_open

    run = open_run(path)
    layers = []
    try:
        with safe_open(run.weights, framework="numpy") as weights:
            for name in weights.keys():  # noqa: SIM118  not a mapping
                shape = tuple(weights.get_slice(name).get_shape())
                layers.append(Layer(name, shape, prod(shape)))
    except SafetensorError as error:
        raise UserError(f"damaged weights: {error}", where=run.weights) from None
    total = sum(layer.parameters for layer in layers)
    second_biases = sum(layer.parameters for layer in layers if ".bias_hh" in layer.name)
    size = run.weights.stat().st_size
    both = None
    if run.config.settings.get("cell") == "gru":
        # Keras' GRU with reset_after=True keeps both biases of every gate, as torch does; another
        # cell beside it (a tagger's LSTM over characters) keeps one.
        both = total - second_biases + _second_biases_of_grus(layers)
    return Description(run, layers, total, total - second_biases, both, size)


def _second_biases_of_grus(layers: list[Layer]) -> int:
    """How many parameters they are; a GRU's recurrent weights are [3·H, H]."""
    shapes = {layer.name: layer.shape for layer in layers}
    second = [layer for layer in layers if ".bias_hh" in layer.name]
    return sum(
        layer.parameters for layer in second
        if (w := shapes[layer.name.replace(".bias_hh", ".weight_hh")])[0] == 3 * w[1]
    )  # fmt: skip
