"""Many to many, aligned: a label for each token.

Shapes: B batch, T time, C labels, U distinct words of the batch, L characters of the longest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.models.characters import CharacterEncoder
from rnntool.models.crf import TagField
from rnntool.models.dropout import Dropout
from rnntool.models.encoders import make_encoder
from rnntool.models.features import ContextFeatures, beside
from rnntool.models.inputs import WordDropout, make_input
from rnntool.models.settings import BiLMModelSettings, TaggerSettings


class SequenceTagger(nn.Module):
    """Word vectors and character-based vectors side by side -> encoder -> linear at each step.

    Args:
        settings: the model's parts.
        vocabulary_size: V.
        characters: number of different characters, if the settings use them.
        labels: C, the number of tags.
        context: sizes of a biLM whose frozen states are read as well.
    """

    def __init__(
        self,
        settings: TaggerSettings,
        vocabulary_size: int,
        characters: int,
        labels: int,
        context: BiLMModelSettings | None = None,
    ) -> None:
        super().__init__()
        self.word_dropout = WordDropout(settings.word_dropout)
        self.input = make_input(settings, vocabulary_size)
        self.characters: CharacterEncoder | None = None
        width = self.input.output_dim
        if settings.characters != "none":
            self.characters = CharacterEncoder(
                settings.characters, characters, settings.character_dim,
                settings.character_hidden, settings.embedding_dropout,
            )  # fmt: skip
            width += self.characters.output_dim
        self.features: ContextFeatures | None = None
        if context is not None:
            self.features = ContextFeatures(context, vocabulary_size)
            width += self.features.output_dim
        self.encoder = make_encoder(settings, width)
        self.dropout = Dropout(settings.dropout)
        self.output = nn.Linear(self.encoder.output_dim, labels)
        self.field = TagField(labels) if settings.crf else None

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        spelling: Tensor | None = None,
        spelling_lengths: Tensor | None = None,
        words: Tensor | None = None,
    ) -> Tensor:
        """Scores before the softmax, or before the conditional random field.

        Args:
            ids: [B, T] token numbers, right-padded with 0.
            lengths: [B].
            spelling: [U, L] characters of the batch's distinct words, with `spelling_lengths` [U].
            words: [B, T] which row of `spelling` each token has; padded steps may hold any.

        Returns:
            [B, T, C] in float32; values at padded steps are meaningless.
        """
        vectors = self.input(self.word_dropout(ids))
        if self.characters is not None:
            assert spelling is not None
            assert spelling_lengths is not None
            assert words is not None
            spelled = self.characters(spelling, spelling_lengths)
            vectors = torch.cat([vectors, spelled[words].to(vectors.dtype)], dim=-1)
        vectors = beside(vectors, self.features, ids, lengths)
        states, _ = self.encoder(vectors, lengths)
        scores: Tensor = self.output(self.dropout(states))
        return scores.float()

    def loss(self, scores: Tensor, tags: Tensor, real: Tensor) -> Tensor:
        """Mean −ln p per token of the true tags: [B, T, C] scores, [B, T] tags and real steps."""
        if self.field is not None:
            return self.field.loss(scores, tags, real)
        return functional.cross_entropy(scores[real], tags[real])

    def probabilities(self, scores: Tensor, real: Tensor) -> Tensor:
        """[N, C] p(tag) of each real step, row after row."""
        if self.field is not None:
            return self.field.marginals(scores.double(), real)[real]
        return torch.softmax(scores[real].double(), dim=1)
