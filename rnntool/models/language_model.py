"""A recurrent language model: each token predicts the next.

Shapes: T time, B batch, D input, H hidden, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.models.dropout import Dropout, LockedDropout
from rnntool.models.inputs import EmbeddingInput, OneHotInput
from rnntool.models.recurrent import Extras
from rnntool.models.settings import LanguageModelSettings
from rnntool.models.stateful import State, StatefulEncoder


class LanguageModel(nn.Module):
    """Token vectors, recurrent layers, and a softmax over the vocabulary.

    With tied weights (Press and Wolf 2017; Inan et al. 2017) the output matrix is the embedding,
    and the last layer has its size.

    Args:
        extra: number of further inputs at each step, besides the token's vector.
    """

    def __init__(
        self, settings: LanguageModelSettings, vocabulary_size: int, extra: int = 0
    ) -> None:
        super().__init__()
        kind: Any = LockedDropout if settings.locked_dropout else Dropout
        one_hot = settings.input == "one-hot"
        self.input: EmbeddingInput | OneHotInput = (
            OneHotInput(vocabulary_size)
            if one_hot
            else EmbeddingInput(vocabulary_size, settings.embedding_dim)
        )
        self.input_dropout = kind(settings.embedding_dropout)
        sizes = [settings.hidden] * settings.layers
        if settings.tie_weights:
            sizes[-1] = settings.embedding_dim
        self.encoder = StatefulEncoder(
            settings.cell, self.input.output_dim + extra, sizes, kind(settings.dropout),
            settings.weight_drop,
            Extras(settings.layer_norm, settings.recurrent_dropout, settings.residual),
        )  # fmt: skip
        self.output_dropout = kind(settings.dropout)
        self.output: SoftmaxOutput | AdaptiveOutput
        if settings.softmax == "adaptive":
            self.output = AdaptiveOutput(sizes[-1], vocabulary_size)
        else:
            self.output = SoftmaxOutput(sizes[-1], vocabulary_size)
        if settings.tie_weights:
            assert isinstance(self.input, EmbeddingInput)
            assert isinstance(self.output, SoftmaxOutput)
            self.output.linear.weight = self.input.embedding.weight
            self.input.reads_rows_alone = False

    def forward(self, ids: Tensor, state: State | None) -> tuple[Tensor, Tensor, State]:
        """States over a piece of text.

        Args:
            ids: [T, B] token numbers.
            state: the state after the previous piece; None: zeros.

        Returns:
            The top layer's states [T, B, H], the same after dropout (what the output reads), and
            the state after the piece.
        """
        vectors = self.input_dropout(self.input(ids))
        states, after = self.encoder(vectors, state)
        return states, self.output_dropout(states), after


class SoftmaxOutput(nn.Module):
    """One softmax over all V tokens."""

    def __init__(self, hidden: int, vocabulary_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden, vocabulary_size)
        nn.init.zeros_(self.linear.bias)

    def log_likelihood(self, states: Tensor, targets: Tensor) -> Tensor:
        """ln p(target) in nats: [N, H] states and [N] token numbers -> [N]."""
        scores: Tensor = self.linear(states).float()
        return -functional.cross_entropy(scores, targets, reduction="none")


class AdaptiveOutput(nn.Module):
    """Grave et al. 2017, "Efficient softmax approximation for GPUs": exact, by frequency classes.

    The vocabulary is sorted by frequency, so the most frequent tokens are in the head.
    """

    def __init__(self, hidden: int, vocabulary_size: int) -> None:
        super().__init__()
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            hidden, vocabulary_size, cutoffs(vocabulary_size)
        )

    def log_likelihood(self, states: Tensor, targets: Tensor) -> Tensor:
        """ln p(target) in nats: [N, H] states and [N] token numbers -> [N]."""
        own = self.softmax
        with torch.autocast(states.device.type, enabled=False):
            states = states.float()
            head = functional.log_softmax(own.head(states), dim=1)
            # After the frequent tokens, the head has a column for each class of the others.
            # (torch's own forward fails on a GPU with deterministic kernels if a class has a
            # single target.)
            which = torch.bucketize(targets, targets.new_tensor(own.cutoffs[:-1]), right=True)
            column = torch.where(which == 0, targets, own.shortlist_size + which - 1)
            found = head.gather(1, column.unsqueeze(1)).squeeze(1)
            for n, tail in enumerate(own.tail):
                (rows,) = torch.where(which == n + 1)
                inside = functional.log_softmax(tail(states[rows]), dim=1)
                place = (targets[rows] - own.cutoffs[n]).unsqueeze(1)
                found = found.index_add(0, rows, inside.gather(1, place).squeeze(1))
        return found


def cutoffs(vocabulary_size: int) -> list[int]:
    """Where the classes begin: some 2,000 tokens in the head, then four and sixteen times that."""
    head = min(2000, max(1, vocabulary_size // 4))
    return [c for c in (head, 5 * head) if c < vocabulary_size - 1] or [vocabulary_size // 2]
