"""A forward and a backward language model over one embedding and one softmax (a biLM).

Shapes: B batch, T time, D embedding, H hidden, N predicted tokens, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnntool.models.directional import DirectionalEncoder
from rnntool.models.inputs import EmbeddingInput
from rnntool.models.sampled_softmax import TiedSoftmax
from rnntool.models.settings import BiLMModelSettings


class Directions(NamedTuple):
    """What the two directions know before each token, and the tokens."""

    forward: Tensor  # [N, D] features
    forward_targets: Tensor  # [N]
    backward: Tensor
    backward_targets: Tensor


class BiLM(nn.Module):
    """Embedding -> two stacks -> a projection each to the embedding's size -> tied softmax.

    Peters et al. 2018, equation 1: the sum of both directions' log-likelihoods, with shared token
    vectors and softmax. Input and encoder bear the names that they have in `SequenceClassifier`.

    Args:
        settings: the model's parts.
        counts: [V] how often each token stood in the training text.
    """

    def __init__(self, settings: BiLMModelSettings, counts: Tensor) -> None:
        super().__init__()
        D, H = settings.embedding_dim, settings.hidden
        self.input = EmbeddingInput(len(counts), D, settings.embedding_dropout)
        self.encoder = DirectionalEncoder(settings.cell, D, H, settings.layers, settings.dropout)
        self.dropout = nn.Dropout(settings.dropout)
        self.project = nn.ModuleList(nn.Identity() if H == D else nn.Linear(H, D) for _ in range(2))
        self.output = TiedSoftmax(self.input.embedding, counts)

    def forward(self, ids: Tensor, lengths: Tensor) -> Directions:
        """Read texts in both directions.

        Args:
            ids: [B, T] token numbers, `<bos>` and `<eos>` included, right-padded with 0.
            lengths: [B].
        """
        forward, backward = self.encoder.all_layers(self.input(ids), lengths)[-1]
        time = torch.arange(ids.shape[1], device=ids.device)
        real = time < lengths.unsqueeze(1)  # [B, T]
        pairs = real[:, 1:]  # step t and step t + 1 are both of the text
        before = self.project[0](self.dropout(forward[:, :-1][pairs]))
        after = self.project[1](self.dropout(backward[:, 1:][pairs]))
        return Directions(before, ids[:, 1:][pairs], after, ids[:, :-1][pairs])
