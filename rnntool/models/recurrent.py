"""Stacked, one- or two-directional recurrent encoders over right-padded batches.

Padding never changes a result, and no packed sequences are needed: the forward direction has seen
only real tokens at every real step, and the backward direction reads each row reversed within its
own length. So every direction of every layer is a plain `torch.nn` call. It uses fast kernels that
torch does not use for packed sequences (oneDNN on a CPU).

Shapes: B batch, T time, D input, H hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from rnntool.models.dropout import Dropout
from rnntool.models.side_by_side import outputs_of
from rnntool.models.written import GATES, WrittenLayer


@dataclass(frozen=True)
class Extras:
    """Options that `torch.nn`'s layers do not have; without them `torch.nn`'s layers are used."""

    layer_norm: bool = False  # inside the cell
    recurrent_dropout: float = 0.0  # one mask for all steps
    residual: bool = False  # a layer's input is added to its output, if both have the same size


NO_EXTRAS = Extras()


def make_layer(
    cell: str, D: int, H: int, *, batch_first: bool = False, extras: Extras = NO_EXTRAS
) -> nn.Module:
    """One direction of one layer, initialized: from `torch.nn` where it can, else our own.

    Args:
        cell: a name of `registry.CELLS`; `gru` resets after the product, as cuDNN does.
    """
    layer: nn.Module
    if cell == "gru-reset-before" or extras.layer_norm or extras.recurrent_dropout > 0:
        layer = WrittenLayer(
            cell, D, H, layer_norm=extras.layer_norm, recurrent_dropout=extras.recurrent_dropout,
            batch_first=batch_first,
        )  # fmt: skip
    elif cell in ("rnn", "rnn-relu"):
        kind = "relu" if cell == "rnn-relu" else "tanh"
        layer = nn.RNN(D, H, nonlinearity=kind, batch_first=batch_first)
    else:
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](D, H, batch_first=batch_first)
    initialize(layer, cell)
    return layer


class RecurrentEncoder(nn.Module):
    """`layers` × (one or two directions) of one cell, with dropout between the layers.

    Args:
        cell: a name of `registry.CELLS`.
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
        extras: Extras = NO_EXTRAS,
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.output_dim = hidden * directions
        self.residual = extras.residual
        self.dropout = Dropout(dropout)
        sizes = [input_dim] + [self.output_dim] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                make_layer(cell, size, hidden, batch_first=True, extras=extras)
                for _ in range(directions)
            )
            for size in sizes
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run the layers.

        Args:
            inputs: [B, T, D], right-padded.
            lengths: [B], 0 ≤ length ≤ T.

        Returns:
            The last layer's states [B, T, H·directions], in reading order for both directions
            (values at padded steps are meaningless), and each direction's last state
            [B, H·directions], which is zero for an empty row.
        """
        backward_order = reversed_within(lengths, inputs.shape[1])
        states = inputs
        last = inputs.new_zeros(inputs.shape[0], self.output_dim)
        for number, directions in enumerate(self.layers):
            if number:
                states = self.dropout(states)
            networks = list(cast(nn.ModuleList, directions))
            ordered = [states, *(reorder(states, backward_order) for _ in networks[1:])]
            outputs = outputs_of(networks, ordered)
            lasts = [last_states(output, lengths) for output in outputs]
            outputs[1:] = [reorder(output, backward_order) for output in outputs[1:]]
            below, states, last = states, torch.cat(outputs, dim=-1), torch.cat(lasts, dim=-1)
            if self.residual and below.shape == states.shape:
                states = states + below
                last = last + _ends(below, lengths, len(lasts))
        return states, last

    def steps(self, lengths: Tensor) -> Tensor:
        """[B] steps of the output: the same number as of the input."""
        return lengths


def _ends(states: Tensor, lengths: Tensor, directions: int) -> Tensor:
    """[B, T, H·directions] -> [B, H·directions]: each direction's state after its last token."""
    forward, *backward = states.chunk(directions, dim=-1)
    first = [half[:, 0] * (lengths > 0).unsqueeze(1) for half in backward]
    return torch.cat([last_states(forward, lengths), *first], dim=-1)


def reversed_within(lengths: Tensor, steps: int) -> Tensor:
    """[B, T] positions that reverse each row's first `length` steps and leave its padding alone."""
    time = torch.arange(steps, device=lengths.device)
    mirrored = lengths.unsqueeze(1) - 1 - time
    return torch.where(mirrored >= 0, mirrored, time)


def reorder(states: Tensor, order: Tensor) -> Tensor:
    """[B, T, H] with the steps of each row in the order [B, T] that `reversed_within` returns.

    That order is its own inverse, so the gradient is reordered in the same way.
    """
    first = torch.arange(order.shape[0], device=order.device).unsqueeze(1) * order.shape[1]
    steps = (first + order).flatten()  # of all rows one after the other
    if torch.is_grad_enabled() and states.requires_grad:
        reordered: Tensor = _Reorder.apply(states, steps)  # type: ignore[no-untyped-call]
        return reordered
    return _take(states, steps)


class _Reorder(torch.autograd.Function):
    """Copies whole steps in both passes; torch's gradient of a gather adds single numbers."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, steps: Tensor) -> Tensor:
        ctx.save_for_backward(steps)
        return _take(states, steps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _take(gradient, *ctx.saved_tensors), None


def _take(states: Tensor, steps: Tensor) -> Tensor:
    return states.flatten(0, 1).index_select(0, steps).view(states.shape)


def last_states(states: Tensor, lengths: Tensor) -> Tensor:
    """[B, H]: the state at each row's last real step, zero where there is none."""
    index = (lengths - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, states.shape[-1])
    last = states.gather(1, index).squeeze(1)
    return last * (lengths > 0).unsqueeze(1)


def initialize(network: nn.Module, cell: str) -> None:
    """Orthogonal recurrent weights, Glorot input weights, zero biases, forget gates open.

    Saxe et al. 2014 (orthogonal), Glorot and Bengio 2010 eq. 16; a forget bias of 1 as in
    Jozefowicz et al. 2015 §3: the sum of torch's two biases is 1.
    """
    for name, weight in network.named_parameters(recurse=False):
        gates = torch.split(weight.data, len(weight) // GATES[cell])
        if name.startswith("bias"):
            nn.init.zeros_(weight)
            if cell == "lstm" and name.startswith("bias_ih"):
                nn.init.ones_(gates[1])
            continue
        for gate in gates:  # each gate's block is initialized as a separate matrix
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                nn.init.xavier_uniform_(gate)
