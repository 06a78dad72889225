"""Contextual vectors of a frozen biLM, mixed with weights that the task learns (ELMo).

Shapes: B batch, T time, H hidden of each direction, L recurrent layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnntool.models.directional import DirectionalEncoder
from rnntool.models.inputs import EmbeddingInput
from rnntool.models.settings import BiLMModelSettings
from rnntool.text.vocabulary import BOS_ID, EOS_ID, PAD_ID


class ContextFeatures(nn.Module):
    """γ Σ_j s_j h_j with s = softmax(scores) (Peters et al. 2018, equation 1 of §3.2).

    h_0 is the token's vector twice (used if it has the size of a direction's state); h_1 … h_L are
    the layers, forward and backward side by side. The biLM itself is not trained.

    Args:
        settings: of the biLM.
        vocabulary_size: V, the same for the biLM and the task.
    """

    def __init__(self, settings: BiLMModelSettings, vocabulary_size: int) -> None:
        super().__init__()
        D, H = settings.embedding_dim, settings.hidden
        self.input = EmbeddingInput(vocabulary_size, D)
        self.encoder = DirectionalEncoder(settings.cell, D, H, settings.layers)
        self.with_tokens = D == H
        self.scores = nn.Parameter(torch.zeros(settings.layers + self.with_tokens))
        self.scale = nn.Parameter(torch.ones(1))
        self.output_dim = 2 * H
        for part in (self.input, self.encoder):
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> ContextFeatures:
        """Set the mode; the frozen biLM stays in evaluation mode, without dropout."""
        super().train(mode)
        self.input.eval()
        self.encoder.eval()
        return self

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """[B, T] numbers of tokens without `<bos>` and `<eos>`, and [B] lengths -> [B, T, 2·H]."""
        with torch.no_grad():
            whole = with_borders(ids, lengths)
            vectors = self.input(whole)
            pairs = self.encoder.all_layers(vectors, lengths + 2)
            layers = [torch.cat(pair, dim=-1) for pair in pairs]
            if self.with_tokens:
                layers.insert(0, torch.cat([vectors, vectors], dim=-1))
            stacked = torch.stack(layers)[:, :, 1:-1]
        weights = torch.softmax(self.scores, dim=0).view(-1, 1, 1, 1)
        mixed: Tensor = self.scale * (weights * stacked).sum(dim=0)
        return mixed


def with_borders(ids: Tensor, lengths: Tensor) -> Tensor:
    """[B, T] right-padded numbers -> [B, T + 2] with `<bos>` before and `<eos>` after each row."""
    whole = torch.full((ids.shape[0], ids.shape[1] + 2), PAD_ID, device=ids.device)
    whole[:, 0] = BOS_ID
    whole[:, 1:-1] = ids
    whole.scatter_(1, (lengths + 1).unsqueeze(1), EOS_ID)
    return whole


def beside(
    vectors: Tensor, features: ContextFeatures | None, ids: Tensor, lengths: Tensor
) -> Tensor:
    """[B, T, D] token vectors -> [B, T, D + 2·H] with contextual vectors appended, if any."""
    if features is None:
        return vectors
    return torch.cat([vectors, features(ids, lengths).to(vectors.dtype)], dim=-1)
