"""Many to one: a sequence in, a class out.

Shapes: B batch, T time, V vocabulary, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnntool.models.dropout import Dropout
from rnntool.models.encoders import make_encoder
from rnntool.models.features import ContextFeatures, beside
from rnntool.models.inputs import WordDropout, make_input
from rnntool.models.pooling import pool, pooled_dim
from rnntool.models.settings import BiLMModelSettings, ClassifierSettings


class SequenceClassifier(nn.Module):
    """Input -> encoder -> pooled states -> dropout -> linear.

    Args:
        settings: the model's parts.
        vocabulary_size: V.
        outputs: C, or 1 for a single sigmoid unit: the probability of the second class.
        context: sizes of a biLM whose frozen states are read as well.
        characters: number of different characters, where tokens are read as characters.
        several: a text may have several labels; each output is then an independent sigmoid.
    """

    def __init__(
        self,
        settings: ClassifierSettings,
        vocabulary_size: int,
        outputs: int,
        context: BiLMModelSettings | None = None,
        characters: int = 0,
        several: bool = False,
    ) -> None:
        super().__init__()
        self.several = several
        self.pooling = settings.pooling
        self.word_dropout = WordDropout(settings.word_dropout)
        self.input = make_input(settings, vocabulary_size, characters)
        width = self.input.output_dim
        self.features: ContextFeatures | None = None
        if context is not None:
            self.features = ContextFeatures(context, vocabulary_size)
            width += self.features.output_dim
        self.encoder = make_encoder(settings, width)
        self.dropout = Dropout(settings.dropout)
        self.output = nn.Linear(pooled_dim(settings.pooling, self.encoder.output_dim), outputs)

    def depth(self, name: str) -> int:
        """A parameter's depth, counted from the top: output 0, then the encoder's layers, input."""
        layers = getattr(self.encoder, "layers", [None])
        if name.startswith("output."):
            return 0
        if name.startswith("encoder.layers."):
            return len(layers) - int(name.split(".")[2])
        return 1 if name.startswith(("encoder.", "features.")) else len(layers) + 1

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Scores before softmax or sigmoid.

        Args:
            ids: [B, T] token numbers, right-padded with 0.
            lengths: [B], 0 ≤ length ≤ T.

        Returns:
            [B, outputs] in float32.
        """
        vectors = beside(self.input(self.word_dropout(ids)), self.features, ids, lengths)
        states, last = self.encoder(vectors, lengths)
        features = pool(self.pooling, states, last, self.encoder.steps(lengths))
        scores: Tensor = self.output(self.dropout(features))
        return scores.float()

    def probabilities(self, scores: Tensor) -> Tensor:
        """[B, C] probabilities from `forward`'s scores: one softmax, or independent sigmoids."""
        return torch.sigmoid(scores) if self.several else class_probabilities(scores)


def class_probabilities(scores: Tensor) -> Tensor:
    """[B, C] probabilities from [B, C] scores, or from [B, 1] scores of a sigmoid unit."""
    if scores.shape[1] == 1:
        second = torch.sigmoid(scores)
        return torch.cat([1 - second, second], dim=1)
    return torch.softmax(scores, dim=1)
