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
        outputs: C, or 1 for a single sigmoid unit that says how likely the second class is.
        context: sizes of a biLM whose frozen states are read as well.
        characters: how many there are, where tokens are read by them.
        several: a text may have several labels: each output is a sigmoid by itself.
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
        """How many layers below the top a parameter stands: output 0, encoder 1 and on, input."""
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
        """[B, C] probabilities of `forward`'s scores: of all classes together, or of each alone."""
        return torch.sigmoid(scores) if self.several else class_probabilities(scores)


def class_probabilities(scores: Tensor) -> Tensor:
    """[B, C] probabilities from [B, C] scores, or from [B, 1] scores of a sigmoid unit."""
    if scores.shape[1] == 1:
        second = torch.sigmoid(scores)
        return torch.cat([1 - second, second], dim=1)
    return torch.softmax(scores, dim=1)
