"""From token numbers to vectors.

Shapes: B batch, T time, D input, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.errors import UserError
from rnntool.models.character_input import CharacterInput
from rnntool.models.dropout import Dropout
from rnntool.models.settings import BiLMModelSettings, InputSettings
from rnntool.text.vocabulary import PAD_ID, UNK_ID


class EmbeddingInput(nn.Module):
    """A learned or pretrained row for each token; the row of `<pad>` always stays zero."""

    def __init__(self, vocabulary_size: int, dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.output_dim = dim
        self.reads_rows_alone = True  # a model that uses the whole matrix sets it to False
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=PAD_ID)
        self.dropout = Dropout(dropout)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        with torch.no_grad():
            self.embedding.weight[PAD_ID] = 0

    def load_vectors(self, weights: Tensor, freeze: bool) -> None:
        """Copy pretrained rows [V, D]; with `freeze` they are not trained."""
        with torch.no_grad():
            self.embedding.weight.copy_(weights)
            self.embedding.weight[PAD_ID] = 0
        self.embedding.weight.requires_grad_(not freeze)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] numbers -> [B, T, D] vectors."""
        vectors: Tensor = self.dropout(self.embedding(ids))
        return vectors


class OneHotInput(nn.Module):
    """A unit vector of length V for each token; zeros for `<pad>`. D = V."""

    def __init__(self, vocabulary_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.output_dim = vocabulary_size
        self.dropout = Dropout(dropout)

    def load_vectors(self, weights: Tensor, freeze: bool) -> None:
        """Refuse: one-hot vectors cannot be replaced by pretrained ones.

        Raises:
            UserError: always.
        """
        raise UserError("--vectors needs --input embedding")

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] numbers -> [B, T, V] unit vectors."""
        vectors = functional.one_hot(ids, self.output_dim).to(torch.get_default_dtype())
        vectors[..., PAD_ID] = 0
        dropped: Tensor = self.dropout(vectors)
        return dropped


def make_input(
    settings: InputSettings | BiLMModelSettings, vocabulary_size: int, characters: int = 0
) -> EmbeddingInput | OneHotInput | CharacterInput:
    """The input that the settings ask for.

    Args:
        characters: number of different characters, where tokens are read as characters.
    """
    if settings.input == "one-hot":
        return OneHotInput(vocabulary_size, settings.embedding_dropout)
    if settings.input == "characters":
        D, dropout = settings.embedding_dim, settings.embedding_dropout
        return CharacterInput(vocabulary_size, characters, D, dropout)
    return EmbeddingInput(vocabulary_size, settings.embedding_dim, settings.embedding_dropout)


class WordDropout(nn.Module):
    """In training, replace a share of the tokens by `<unk>`: the model learns to cope with it.

    Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods", §3 (which removes the
    words).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> [B, T]; padding stays padding."""
        if not self.training or self.share == 0:
            return ids
        hit = (torch.rand(ids.shape, device=ids.device) < self.share) & (ids != PAD_ID)
        return ids.masked_fill(hit, UNK_ID)
