"""A stack of recurrent layers that takes a state and returns the next, for continuous text.

Shapes: T time, B batch, D input, H hidden.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from rnntool.errors import UserError
from rnntool.models.dropout import drop_values
from rnntool.models.recurrent import NO_EXTRAS, Extras, make_layer

State = list[Any]  # one entry per layer: h [1, B, H], or (h, c) for an LSTM
_KERNELS: dict[str, Any] = {
    "rnn": torch._VF.rnn_tanh, "rnn-relu": torch._VF.rnn_relu,
    "lstm": torch._VF.lstm, "gru": torch._VF.gru,
}  # fmt: skip


class StatefulEncoder(nn.Module):
    """`layers` of one cell over [T, B, D] inputs.

    Args:
        sizes: the hidden size of each layer.
        dropout: a module applied between the layers.
        weight_drop: share of W_hh's values that are set to 0, the same ones at every step
            (DropConnect; Merity et al. 2018, "Regularizing and Optimizing LSTM Language Models",
            §2).
        extras: options that `torch.nn`'s layers do not have.
    """

    def __init__(
        self,
        cell: str,
        input_dim: int,
        sizes: list[int],
        dropout: nn.Module,
        weight_drop: float = 0.0,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        super().__init__()
        self.residual = extras.residual
        self.cell, self.weight_drop, self.sizes = cell, weight_drop, sizes
        self.dropout = dropout
        inputs = [input_dim, *sizes[:-1]]
        self.layers = nn.ModuleList(
            make_layer(cell, D, H, extras=extras) for D, H in zip(inputs, sizes, strict=True)
        )
        if weight_drop > 0 and not isinstance(self.layers[0], nn.RNNBase):
            raise UserError(
                "--weight-drop needs torch's own layers",
                hint="leave out --layer-norm, --recurrent-dropout and --cell gru-reset-before",
            )

    def forward(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Run the layers over a piece of text.

        Args:
            inputs: [T, B, D].
            state: the state after the previous piece; None: zeros.

        Returns:
            The top layer's outputs [T, B, H] and the state after the last step.
        """
        started = state if state is not None else self.zeros(inputs.shape[1], inputs)
        outputs, after = inputs, []
        for number, module in enumerate(self.layers):
            network = cast(nn.RNNBase, module)
            if number:
                outputs = self.dropout(outputs)
            before = started[number]
            below = outputs
            outputs, new = self._run(network, below, before)
            if self.residual and below.shape == outputs.shape:
                outputs = outputs + below
            after.append(new)
        return outputs, after

    def _run(self, network: nn.RNNBase, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        if not self.training or self.weight_drop == 0:
            output, new = network(inputs, state)
            return output, new
        w_ih, w_hh, *biases = network._flat_weights
        weights = [w_ih, drop_values(w_hh, self.weight_drop), *biases]  # type: ignore[arg-type]
        # (…, biases, layers, dropout between them, training, bidirectional, batch first)
        flags = (True, 1, 0.0, True, False, False)
        result = _KERNELS[self.cell](inputs, state, weights, *flags)
        return result[0], (result[1:] if self.cell == "lstm" else result[1])

    def zeros(self, batch: int, like: Tensor) -> State:
        """The zero state before a text, with the dtype and device of `like`."""
        state: State = []
        for H in self.sizes:
            h = like.new_zeros(1, batch, H)
            state.append((h, h.clone()) if self.cell == "lstm" else h)
        return state


def detach(state: State) -> State:
    """The state's values without their graph: here truncated BPTT cuts the gradient."""
    return [
        tuple(part.detach() for part in layer) if isinstance(layer, tuple) else layer.detach()
        for layer in state
    ]


def reset_some(state: State, share: float) -> State:
    """The state with a random share of its B rows set to zero, the same ones in every layer.

    If the state is always carried over, the model never sees a zero state again after the first
    chunk. Its cells can then drift to values without which the model no longer works well.
    """
    first = state[0][0] if isinstance(state[0], tuple) else state[0]
    keep = (torch.rand(1, first.shape[1], 1, device=first.device) >= share).to(first.dtype)
    return [
        tuple(part * keep for part in layer) if isinstance(layer, tuple) else layer * keep
        for layer in state
    ]
