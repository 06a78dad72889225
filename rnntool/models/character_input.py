"""A token's vector computed from its characters, instead of a row of an embedding.

Shapes: B batch, T time, V vocabulary, L characters of a word at most, U distinct tokens, D output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.data.spelling import LONGEST
from rnntool.errors import UserError
from rnntool.models.characters import CharacterEncoder
from rnntool.models.dropout import Dropout
from rnntool.text.vocabulary import PAD_ID

_CHARACTER_DIM, _FILTERS = 32, 96  # size of a character's vector; filters of each of three widths


class Highway(nn.Module):
    """y = t ⊙ relu(W x + b) + (1 − t) ⊙ x with t = σ(W_t x + b_t).

    Srivastava et al. 2015, "Highway Networks", equation 3; b_t starts at −2: at first x passes
    nearly unchanged.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.transform, self.gate = nn.Linear(dim, dim), nn.Linear(dim, dim)
        nn.init.constant_(self.gate.bias, -2.0)

    def forward(self, x: Tensor) -> Tensor:
        """[U, E] -> [U, E]."""
        t = torch.sigmoid(self.gate(x))
        return t * torch.relu(self.transform(x)) + (1 - t) * x


class CharacterInput(nn.Module):
    """Characters -> convolutions, each filter's maximum -> highway -> projection to D.

    Kim et al. 2016, "Character-Aware Neural Language Models", §3; as a biLM's input Peters et al.
    2018, §3.4. Row n of a table holds the characters of token n, so the rest of a model sees only
    token numbers. Words that are not in the vocabulary get numbers from V on (`read_also`).

    Args:
        vocabulary_size: V.
        characters: number of different characters.
        dim: D.
    """

    def __init__(
        self, vocabulary_size: int, characters: int, dim: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.output_dim = dim
        self.spelling: Tensor
        self.register_buffer("spelling", torch.zeros(vocabulary_size, LONGEST, dtype=torch.int32))
        self.encoder = CharacterEncoder("cnn", characters, _CHARACTER_DIM, _FILTERS, 0.0)
        self.highway = Highway(self.encoder.output_dim)
        self.project = nn.Linear(self.encoder.output_dim, dim)
        self.dropout = Dropout(dropout)
        self._more: Tensor | None = None

    def load_vectors(self, weights: Tensor, freeze: bool) -> None:
        """Refuse: vectors computed from characters cannot be replaced by pretrained ones.

        Raises:
            UserError: always.
        """
        raise UserError("--vectors needs --input embedding")

    def spell(self, table: Tensor) -> None:
        """Set the spelling [V, L] of the vocabulary."""
        with torch.no_grad():
            self.spelling.copy_(table)

    def read_also(self, table: Tensor) -> None:
        """Set the spelling [K, L] of K further words, which get the numbers V to V + K − 1."""
        self._more = table.to(self.spelling)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] numbers -> [B, T, D] vectors; `<pad>` is zeros."""
        distinct, places = torch.unique(ids, return_inverse=True)
        table = self.spelling if self._more is None else torch.cat([self.spelling, self._more])
        spelled = table[distinct].long()
        lengths = (spelled != PAD_ID).sum(dim=1)
        spelled = spelled[:, : max(1, int(lengths.max()))]
        vectors = self.project(self.highway(self.encoder(spelled, lengths)))
        vectors = vectors * (lengths > 0).unsqueeze(1)
        dropped: Tensor = self.dropout(functional.embedding(places, vectors))
        return dropped
