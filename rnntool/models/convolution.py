"""Convolution over time: finds patterns of a few tokens at any position.

Shapes: B batch, T time, D input, F filters of a width.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.models.dropout import Dropout
from rnntool.models.recurrent import last_states


class ConvolutionEncoder(nn.Module):
    """Filters of several widths side by side (Kim 2014, "Convolutional Neural Networks for Sentence
    Classification", equations 1 and 2), in one or more layers.

    Args:
        widths: steps that a filter sees.
        filters: F, of each width.
    """

    def __init__(
        self,
        input_dim: int,
        widths: list[int],
        filters: int,
        layers: int = 1,
        dropout: float = 0.0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.output_dim = filters * len(widths)
        self.residual = residual
        self.dropout = Dropout(dropout)
        sizes = [input_dim] + [self.output_dim] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Conv1d(size, filters, width) for width in widths) for size in sizes
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run the layers.

        Args:
            inputs: [B, T, D], right-padded.
            lengths: [B], 0 ≤ length ≤ T.

        Returns:
            [B, T, F·widths] (zero at padded steps), and each row's last real step.
        """
        padding = _padding(lengths, inputs.shape[1])
        # A window over the end of a row must see zeros there, as in a row without padding.
        states = inputs.masked_fill(padding, 0)
        for number, widths in enumerate(self.layers):
            if number:
                states = self.dropout(states)
            channels = states.transpose(1, 2)
            found = [_same(cast(nn.Conv1d, conv), channels) for conv in cast(nn.ModuleList, widths)]
            above = functional.relu(torch.cat(found, dim=1)).transpose(1, 2)
            above = above.masked_fill(padding, 0)
            states = states + above if self.residual and above.shape == states.shape else above
        return states, last_states(states, lengths)

    def steps(self, lengths: Tensor) -> Tensor:
        """[B] steps of the output: as many as of the input."""
        return lengths


class ConvolutionRecurrentEncoder(nn.Module):
    """A convolution, the maximum of every `pool` steps, then a recurrent encoder."""

    def __init__(self, front: ConvolutionEncoder, pool: int, recurrent: nn.Module) -> None:
        super().__init__()
        self.front, self.pool, self.recurrent = front, pool, recurrent
        self.output_dim = cast(int, recurrent.output_dim)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """As `ConvolutionEncoder`, with ⌈T / pool⌉ steps out."""
        found, _ = self.front(inputs, lengths)
        if self.pool > 1:
            # Padded steps are zero, and a ReLU's output is never below: no maximum changes.
            pooled = functional.max_pool1d(found.transpose(1, 2), self.pool, ceil_mode=True)
            found = pooled.transpose(1, 2)
        states, last = self.recurrent(found, self.steps(lengths))
        return states, last

    def steps(self, lengths: Tensor) -> Tensor:
        """[B] steps of the output."""
        return (lengths + self.pool - 1) // self.pool


def _same(conv: nn.Conv1d, channels: Tensor) -> Tensor:
    """[B, D, T] -> [B, F, T]: same number of steps; an even width pads one step more in front."""
    width = conv.kernel_size[0]
    filtered: Tensor = conv(functional.pad(channels, (width // 2, (width - 1) // 2)))
    return filtered


def _padding(lengths: Tensor, steps: int) -> Tensor:
    """[B, T, 1] True at padded steps."""
    time = torch.arange(steps, device=lengths.device)
    return (time >= lengths.unsqueeze(1)).unsqueeze(-1)
