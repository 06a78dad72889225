"""A forward and a backward language model over one input and one softmax (a biLM).

Shapes: B batch, T time, D embedding, H hidden, N predicted tokens, V vocabulary.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnntool.models.directional import DirectionalEncoder
from rnntool.models.dropout import LockedDropout
from rnntool.models.inputs import EmbeddingInput, make_input
from rnntool.models.sampled_softmax import TiedSoftmax
from rnntool.models.settings import BiLMModelSettings
from rnntool.text.vocabulary import UNK_ID


class Direction(NamedTuple):
    """A direction's features before each predicted token, and those tokens."""

    features: Tensor  # [N, D]
    targets: Tensor  # [N]
    rows: Tensor  # [N, D] the targets' own vectors


class BiLM(nn.Module):
    """Input -> two stacks -> a projection each to the embedding's size -> softmax.

    Peters et al. 2018, equation 1: the sum of both directions' log-likelihoods, with shared token
    vectors and softmax. The softmax uses the input's matrix, unless the input reads characters.
    Input and encoder have the same names as in `SequenceClassifier`.

    Args:
        settings: the model's parts.
        counts: [V] how often each token occurs in the training text.
        inputs: number of tokens that can be read, at least V; those beyond V are predicted as
            `<unk>`.
        characters: number of different characters, where tokens are read as characters.
    """

    def __init__(
        self, settings: BiLMModelSettings, counts: Tensor, inputs: int, characters: int = 0
    ) -> None:
        super().__init__()
        D, H = settings.embedding_dim, settings.hidden
        # One mask for all steps, as is usual for language models; a new mask for each step would
        # take a tenth of the training time on a CPU.
        self.input = make_input(replace(settings, embedding_dropout=0.0), inputs, characters)
        self.input_dropout = LockedDropout(settings.embedding_dropout, time=1)
        self.encoder = DirectionalEncoder(settings.cell, D, H, settings.layers, settings.dropout)
        self.dropout = LockedDropout(settings.dropout, time=1)
        self.project = nn.ModuleList(nn.Identity() if H == D else nn.Linear(H, D) for _ in range(2))
        tied = self.input if isinstance(self.input, EmbeddingInput) else None
        self.tied = tied is not None
        embedding = (tied or EmbeddingInput(len(counts), D)).embedding
        self.output = TiedSoftmax(embedding, counts)
        self.output.reads_rows_alone = settings.samples > 0
        if tied is not None:
            tied.reads_rows_alone = self.output.reads_rows_alone

    def forward(
        self, ids: Tensor, lengths: Tensor, samples: Tensor | None = None
    ) -> tuple[Direction, Direction, Tensor]:
        """Read texts in both directions.

        Args:
            ids: [B, T] token numbers, `<bos>` and `<eos>` included, right-padded with 0.
            lengths: [B].
            samples: [S] further token numbers.

        Returns:
            The forward and the backward direction, and the samples' vectors [S, D].
        """
        B, T = ids.shape
        targets = ids.masked_fill(ids >= self.output.embedding.num_embeddings, UNK_ID)
        wanted = targets.flatten() if samples is None else torch.cat([targets.flatten(), samples])
        # One lookup in the large matrix for both the inputs and the samples: its gradient has the
        # size of the matrix, and is then written only once.
        rows = self.output.embedding(wanted)
        own = rows[: B * T].view(B, T, -1)
        vectors = own if self.tied else self.input(ids)
        forward, backward = self.encoder.all_layers(self.input_dropout(vectors), lengths)[-1]
        time = torch.arange(T - 1, device=ids.device)
        at = torch.arange(B, device=ids.device).unsqueeze(1) * T + time  # of B·T steps
        steps = at[time < lengths.unsqueeze(1) - 1]  # [N] t and t + 1 both in the text
        before = self.project[0](_take(self.dropout(forward), steps))
        after = self.project[1](_take(self.dropout(backward), steps + 1))
        wanted = targets.flatten()
        return (
            Direction(before, wanted[steps + 1], _take(own, steps + 1)),
            Direction(after, wanted[steps], _take(own, steps)),
            rows[B * T :],
        )


def _take(vectors: Tensor, steps: Tensor) -> Tensor:
    """[B, T, D] and the numbers of N of its B·T steps -> [N, D]."""
    return vectors.flatten(0, 1).index_select(0, steps)
