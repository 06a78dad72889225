"""Stacked, one- or two-directional recurrent encoders over right-padded batches.

Padding never changes a result, and no packed sequences are needed: the forward direction has seen
only real tokens at every real step, and the backward direction reads each row reversed within its
own length. So every direction of every layer is a plain unpacked `torch.nn` call, which takes the
fast kernels that packed sequences do not (oneDNN on a CPU).

Shapes: B batch, T time, D input, H hidden.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentEncoder(nn.Module):
    """`layers` × (one or two directions) of one cell, with dropout between the layers.

    Args:
        cell: `rnn` (tanh), `lstm` or `gru` (reset after the product, as cuDNN has it).
        input_dim: D.
        hidden: H, of each direction.
    """

    def __init__(
        self,
        cell: str,
        input_dim: int,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.output_dim = hidden * directions
        self.dropout = nn.Dropout(dropout)
        sizes = [input_dim] + [self.output_dim] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(CELLS[cell](size, hidden, batch_first=True) for _ in range(directions))
            for size in sizes
        )
        for direction in self.modules():
            if isinstance(direction, nn.RNNBase):
                initialize(direction)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run the layers.

        Args:
            inputs: [B, T, D], right-padded.
            lengths: [B], 0 ≤ length ≤ T.

        Returns:
            The last layer's states [B, T, H·directions], in reading order for both directions (what
            stands at padded steps means nothing), and each direction's last state
            [B, H·directions], which is zero for an empty row.
        """
        backward_order = reversed_within(lengths, inputs.shape[1])
        states = inputs
        last = inputs.new_zeros(inputs.shape[0], self.output_dim)
        for number, directions in enumerate(self.layers):
            if number:
                states = self.dropout(states)
            outputs, lasts = [], []
            for direction, network in enumerate(cast(nn.ModuleList, directions)):
                ordered = reorder(states, backward_order) if direction else states
                output, _ = network(ordered)
                lasts.append(last_states(output, lengths))
                outputs.append(reorder(output, backward_order) if direction else output)
            states, last = torch.cat(outputs, dim=-1), torch.cat(lasts, dim=-1)
        return states, last


def reversed_within(lengths: Tensor, steps: int) -> Tensor:
    """[B, T] positions that reverse each row's first `length` steps and leave its padding alone."""
    time = torch.arange(steps, device=lengths.device).expand(len(lengths), steps)
    mirrored = lengths.unsqueeze(1) - 1 - time
    return torch.where(mirrored >= 0, mirrored, time)


def reorder(states: Tensor, order: Tensor) -> Tensor:
    """[B, T, H] with the steps of each row taken in the order [B, T]."""
    return states.gather(1, order.unsqueeze(-1).expand(-1, -1, states.shape[-1]))


def last_states(states: Tensor, lengths: Tensor) -> Tensor:
    """[B, H]: the state at each row's last real step, zero where there is none."""
    index = (lengths - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, states.shape[-1])
    last = states.gather(1, index).squeeze(1)
    return last * (lengths > 0).unsqueeze(1)


def initialize(network: nn.RNNBase) -> None:
    """Orthogonal recurrent weights, Glorot input weights, zero biases, forget gates open.

    Saxe et al. 2014 (orthogonal), Glorot and Bengio 2010 eq. 16; a forget bias of 1 as in
    Jozefowicz et al. 2015 §3: the sum of torch's two biases is what counts.
    """
    hidden = network.hidden_size
    for name, weight in network.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(weight)
            if isinstance(network, nn.LSTM) and name.startswith("bias_ih"):
                nn.init.ones_(weight.data[hidden : 2 * hidden])
            continue
        for gate in torch.split(weight.data, hidden):  # each gate's block is a matrix of its own
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                nn.init.xavier_uniform_(gate)
