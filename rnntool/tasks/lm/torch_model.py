"""A language model in torch, one token at a time, for settings that NumPy does not support.

Shapes: B batch, V vocabulary.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnntool.configuration import build
from rnntool.formats.rundir import Run
from rnntool.inference.language_model import Floats, States
from rnntool.models.caption import CaptionModel
from rnntool.models.language_model import AdaptiveOutput, LanguageModel
from rnntool.models.stateful import State
from rnntool.runs.load import restore_weights
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.lm.settings import LMSettings


class TorchLanguageModel:
    """A `StepModel` (inference/language_model.py) in torch.

    Args:
        model: a language model, or a captioning model with `vector` [F].
    """

    def __init__(self, model: LanguageModel, vector: Tensor | None = None) -> None:
        self.model, self.vector = model, vector
        self.device = next(model.parameters()).device

    def zero_states(self) -> States:
        """The state before the first token."""
        if self.vector is not None:
            led = cast(CaptionModel, self.model).first_state(self.vector[None])
            if led is not None:
                return first_axis(led)
        return first_axis(self.model.encoder.zeros(1, next(self.model.parameters())))

    def step(self, ids: NDArray[np.int64], states: States) -> tuple[Floats, States]:
        """[B] tokens -> [B, V] log-probabilities of the next, and new states."""
        training = self.model.training
        self.model.eval()
        with torch.no_grad():
            tokens = torch.from_numpy(ids).to(self.device)[None]
            inputs = self.model.input(tokens)
            if self.vector is not None:
                inputs = cast(CaptionModel, self.model).led_inputs(
                    inputs, self.vector.expand(len(ids), -1)
                )
            outputs, after = self.model.encoder(inputs, batch_second(states))
            scores = self._log_probabilities(outputs[0])
        self.model.train(training)
        return scores.double().cpu().numpy(), first_axis(after)

    def _log_probabilities(self, states: Tensor) -> Tensor:
        if isinstance(self.model.output, AdaptiveOutput):
            found: Tensor = self.model.output.softmax.log_prob(states.float())
            return found
        return torch.log_softmax(self.model.output.linear(states).float(), dim=-1)


def open_torch_model(run: Run, vector: Floats | None) -> TorchLanguageModel:
    """Open a run of `train lm` or `train caption` in torch.

    Raises:
        UserError: the weights are damaged or do not fit.
    """
    where = f"{run.path}/config.yaml"
    model: LanguageModel
    if vector is None:
        model = LanguageModel(build(LMSettings, run.config.settings, where), len(run.vocabulary))
    else:
        settings = build(CaptionSettings, run.config.settings, where)
        F = len(vector)
        model = CaptionModel(settings, len(run.vocabulary), torch.zeros(F), torch.ones(F))
    restore_weights(model, run)
    return TorchLanguageModel(model.eval(), None if vector is None else torch.from_numpy(vector))


def first_axis(state: list[Any]) -> States:
    """torch's state in the layout of `generation/`: one tuple per layer, batch first."""
    layers = [layer if isinstance(layer, tuple) else (layer,) for layer in state]
    return cast(States, [tuple(part[0] for part in layer) for layer in layers])


def batch_second(states: States) -> State:
    """A state in torch's layout: h [1, B, H] for each layer, or (h, c)."""
    parts = [tuple(torch.as_tensor(p).unsqueeze(0).contiguous() for p in s) for s in states]
    return [part if len(part) > 1 else part[0] for part in parts]
