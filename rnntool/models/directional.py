"""Two independent stacks over the same text: one reads forward, one backward.

Unlike a stacked BiLSTM's, the second forward layer reads the first forward layer alone, so each
stack can be a language model (Peters et al. 2018, "Deep contextualized word representations",
§3.1).

Shapes: B batch, T time, D input, H hidden.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rnntool.models.dropout import Dropout
from rnntool.models.recurrent import (
    NO_EXTRAS,
    Extras,
    last_states,
    make_layer,
    reorder,
    reversed_within,
)
from rnntool.models.side_by_side import outputs_of


class DirectionalEncoder(nn.Module):
    """`layers` of one cell in each direction, with dropout between them.

    Args:
        input_dim: D.
        hidden: H, of every layer of each direction.
    """

    def __init__(
        self,
        cell: str,
        input_dim: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        super().__init__()
        self.output_dim = 2 * hidden
        self.residual = extras.residual
        self.dropout = Dropout(dropout)
        sizes = [input_dim] + [hidden] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                make_layer(cell, size, hidden, batch_first=True, extras=extras) for _ in range(2)
            )
            for size in sizes
        )

    def all_layers(self, inputs: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Every layer's states.

        Args:
            inputs: [B, T, D], right-padded.
            lengths: [B], 0 ≤ length ≤ T.

        Returns:
            For each layer the forward and the backward states [B, T, H], both in reading order;
            values at padded steps are meaningless.
        """
        order = reversed_within(lengths, inputs.shape[1])
        forward, backward = inputs, reorder(inputs, order)
        found = []
        for number, layer in enumerate(self.layers):
            if number:
                forward, backward = self.dropout(forward), self.dropout(backward)
            below = (forward, backward)
            forward, backward = outputs_of(list(cast(nn.ModuleList, layer)), below)
            if self.residual and forward.shape == below[0].shape:
                forward, backward = forward + below[0], backward + below[1]
            found.append((forward, reorder(backward, order)))
        return found

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The last layer's states [B, T, 2·H], and each direction's last state [B, 2·H]."""
        forward, backward = self.all_layers(inputs, lengths)[-1]
        first = backward[:, 0] * (lengths > 0).unsqueeze(1)
        last = torch.cat([last_states(forward, lengths), first], dim=-1)
        return torch.cat([forward, backward], dim=-1), last

    def steps(self, lengths: Tensor) -> Tensor:
        """[B] steps of the output: the same number as of the input."""
        return lengths
