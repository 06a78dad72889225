"""Many to one, then one to many: an encoder reads, a decoder writes.

Shapes: B batch, S source steps, T target steps, E encoder features, H hidden, V target vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnntool.models.attention import Attention
from rnntool.models.dropout import Dropout
from rnntool.models.encoders import make_encoder
from rnntool.models.inputs import EmbeddingInput
from rnntool.models.language_model import SoftmaxOutput
from rnntool.models.settings import Seq2SeqModelSettings
from rnntool.models.stateful import State, StatefulEncoder


class Memory(NamedTuple):
    """What the encoder returns for a batch of sources."""

    states: Tensor  # [B, S, E]
    lengths: Tensor  # [B] real steps of each source
    start: State  # the decoder's first state


class Seq2Seq(nn.Module):
    """Sutskever et al. 2014 without attention, Luong et al. 2015 with it.

    A linear layer and a tanh turn the encoder's last state into the decoder's first state.

    Args:
        settings: the model's parts.
        sources: size of the source's vocabulary.
        targets: V.
    """

    def __init__(self, settings: Seq2SeqModelSettings, sources: int, targets: int) -> None:
        super().__init__()
        D, H = settings.embedding_dim, settings.hidden
        self.parts = 2 if settings.cell == "lstm" else 1
        self.layer_count = settings.layers
        self.source = EmbeddingInput(sources, D, settings.embedding_dropout)
        self.encoder = make_encoder(settings, D)
        width = self.encoder.output_dim
        self.bridge = nn.Linear(width, settings.layers * self.parts * H)
        self.target = EmbeddingInput(targets, D, settings.embedding_dropout)
        self.decoder = StatefulEncoder(
            settings.cell, D, [H] * settings.layers, Dropout(settings.dropout)
        )
        self.attention: Attention | None = None
        if settings.attention != "none":
            self.attention = Attention(settings.attention, H, width)
        self.dropout = Dropout(settings.dropout)
        self.output = SoftmaxOutput(H, targets)

    def read(self, ids: Tensor, lengths: Tensor) -> Memory:
        """Encode [B, S] source numbers with [B] lengths."""
        states, last = self.encoder(self.source(ids), lengths)
        flat = torch.tanh(self.bridge(last))
        pieces = [p.unsqueeze(0).contiguous() for p in
                  flat.chunk(self.layer_count * self.parts, dim=1)]  # fmt: skip
        start: State = [
            tuple(pieces[n : n + 2]) if self.parts == 2 else pieces[n]
            for n in range(0, len(pieces), self.parts)
        ]
        # For an empty source, attention sees one padded step of zeros.
        return Memory(states, self.encoder.steps(lengths).clamp(min=1), start)

    def write(self, ids: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """Read the target tokens (teacher forcing); the features predict the next ones.

        Args:
            ids: [B, T] target numbers, beginning with `<bos>`.
            state: the decoder's state before the first of them.

        Returns:
            Features [B, T, H] for the softmax, and the state after.
        """
        vectors = self.target(ids).transpose(0, 1)
        states, after = self.decoder(vectors, state)
        features = states.transpose(0, 1)
        if self.attention is not None:
            features, _ = self.attention(features, memory.states, memory.lengths)
        dropped: Tensor = self.dropout(features)
        return dropped, after
