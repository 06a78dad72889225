"""A word's vector from its characters, so that no word is unknown.

Shapes: U distinct words, L characters of the longest, E features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnntool.models.convolution import ConvolutionEncoder
from rnntool.models.dropout import Dropout
from rnntool.models.pooling import pool
from rnntool.models.recurrent import RecurrentEncoder
from rnntool.text.vocabulary import PAD_ID


class CharacterEncoder(nn.Module):
    """Character vectors, then a convolution and its maximum, or an LSTM's last states both ways.

    dos Santos and Zadrozny 2014, "Learning Character-level Representations for Part-of-Speech
    Tagging" (convolution); Ling et al. 2015, "Finding Function in Form" (LSTM).

    Args:
        kind: `cnn` or `recurrent`.
        characters: number of different characters.
        dim: size of a character's vector.
        hidden: filters of each width, or H of each direction.
    """

    def __init__(self, kind: str, characters: int, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, dim, padding_idx=PAD_ID)
        nn.init.uniform_(self.embedding.weight, -0.3, 0.3)
        with torch.no_grad():
            self.embedding.weight[PAD_ID] = 0
        self.dropout = Dropout(dropout)
        self.encoder: ConvolutionEncoder | RecurrentEncoder
        if kind == "cnn":
            self.encoder = ConvolutionEncoder(dim, [2, 3, 4], hidden)
        else:
            self.encoder = RecurrentEncoder("lstm", dim, hidden, bidirectional=True)
        self.pooling = "max" if kind == "cnn" else "last"
        self.output_dim = self.encoder.output_dim

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """[U, L] character numbers, right-padded with 0, and [U] lengths -> [U, E]."""
        states, last = self.encoder(self.dropout(self.embedding(characters)), lengths)
        return pool(self.pooling, states, last, lengths)
