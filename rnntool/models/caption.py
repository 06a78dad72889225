"""One to many: a vector in, a text out.

Shapes: T time, B batch, F features, H hidden, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnntool.models.language_model import LanguageModel
from rnntool.models.settings import CaptionModelSettings
from rnntool.models.stateful import State


class CaptionModel(LanguageModel):
    """A language model that gets a vector: as its first state, or as an input at each step.

    Vinyals et al. 2015, "Show and Tell" (before the first step), and Mao et al. 2015, "Deep
    Captioning with Multimodal Recurrent Neural Networks" (at each step). Here the vector is
    given; it need not come from an image.

    Args:
        settings: the model's parts.
        vocabulary_size: V.
        mean, deviation: [F] of the training vectors; every vector is scaled by them.
    """

    def __init__(
        self,
        settings: CaptionModelSettings,
        vocabulary_size: int,
        mean: Tensor,
        deviation: Tensor,
    ) -> None:
        at_each_step = settings.condition == "input"
        F = len(mean)
        super().__init__(settings, vocabulary_size, extra=F if at_each_step else 0)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.cell = settings.cell
        self.sizes = self.encoder.sizes
        parts = 2 if settings.cell == "lstm" else 1
        self.condition = None if at_each_step else nn.Linear(F, parts * sum(self.sizes))

    def states(self, ids: Tensor, vectors: Tensor) -> Tensor:
        """States for the softmax, after dropout.

        Args:
            ids: [T, B] token numbers, beginning with `<bos>`.
            vectors: [B, F].

        Returns:
            [T, B, H].
        """
        inputs = self.led_inputs(self.input_dropout(self.input(ids)), vectors)
        states, _ = self.encoder(inputs, self.first_state(vectors))
        dropped: Tensor = self.output_dropout(states)
        return dropped

    def led_inputs(self, inputs: Tensor, vectors: Tensor) -> Tensor:
        """[T, B, D] inputs; [T, B, D + F] where the model reads the [B, F] vectors at each step."""
        if self.condition is not None:
            return inputs
        scaled = (vectors - self.mean) / self.deviation
        return torch.cat([inputs, scaled.to(inputs.dtype).expand(len(inputs), -1, -1)], dim=-1)

    def first_state(self, vectors: Tensor) -> State | None:
        """The first state from [B, F] vectors, or None where they are read at each step."""
        if self.condition is None:
            return None
        return self._start(torch.tanh(self.condition((vectors - self.mean) / self.deviation)))

    def _start(self, flat: Tensor) -> State:
        """[B, ΣH] as the state of each layer."""
        if self.cell != "lstm":
            return [part.unsqueeze(0).contiguous() for part in torch.split(flat, self.sizes, dim=1)]
        doubled = torch.split(flat, [size for size in self.sizes for _ in range(2)], dim=1)
        pieces = [part.unsqueeze(0).contiguous() for part in doubled]
        return [tuple(pieces[n : n + 2]) for n in range(0, len(pieces), 2)]
