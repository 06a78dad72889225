"""A recurrent layer written step by step, for options that `torch.nn` does not offer.

The options are layer normalisation inside the cell, recurrent dropout with the same mask at every
step, and the GRU with the reset before the product. Without them it computes the same as
`torch.nn`'s layer, from the same weights with the same names.

Shapes: T time, B batch, D input, H hidden, G gates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

GATES = {"rnn": 1, "rnn-relu": 1, "lstm": 4, "gru": 3, "gru-reset-before": 3}


class WrittenLayer(nn.Module):
    """One direction of one layer.

    Args:
        cell: a name of `GATES`; the gates' order is torch's (LSTM i f g o, GRU r z g).
        layer_norm: normalise the summed inputs of each step, and an LSTM's c before its tanh (Ba,
            Kiros and Hinton 2016, "Layer Normalization", equations 4 and 20 to 22).
        recurrent_dropout: share of h_{t-1} that is dropped before the step reads it, with one mask
            for all steps of a sequence (Gal and Ghahramani 2016, §4; Keras' `recurrent_dropout`).
        batch_first: inputs and outputs are [B, T, ·] instead of [T, B, ·].
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        batch_first: bool = False,
    ) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.batch_first = cell, hidden_size, batch_first
        self.recurrent_dropout = recurrent_dropout
        rows = GATES[cell] * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(rows))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        self.norms = nn.ModuleDict(_norms(cell, hidden_size) if layer_norm else {})

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run over a batch of sequences.

        Args:
            inputs: [T, B, D], or [B, T, D] with `batch_first`.
            state: h [1, B, H], or (h, c) for an LSTM; None: zeros.

        Returns:
            The outputs [T, B, H] or [B, T, H], and the state after the last step.
        """
        x = inputs.transpose(0, 1) if self.batch_first else inputs
        h = x.new_zeros(x.shape[1], self.hidden_size) if state is None else _first(state)[0]
        c = torch.zeros_like(h) if state is None or self.cell != "lstm" else state[1][0]
        a_x = self._norm("x", functional.linear(x, self.weight_ih_l0)) + self._input_bias()
        step: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = {
            "rnn": self._rnn, "rnn-relu": self._rnn, "lstm": self._lstm, "gru": self._gru,
            "gru-reset-before": self._gru_reset_before,
        }[self.cell]  # fmt: skip
        mask = self._mask(h)
        outputs = []
        for a in a_x.unbind(0):
            h, c = step(a, h if mask is None else h * mask, h, c)
            outputs.append(h)
        stacked = torch.stack(outputs, dim=1 if self.batch_first else 0)
        after = (h.unsqueeze(0), c.unsqueeze(0)) if self.cell == "lstm" else h.unsqueeze(0)
        return stacked, after

    def _mask(self, h: Tensor) -> Tensor | None:
        """[B, H]: kept units scaled by 1 / (1 - share), as dropout does."""
        if not self.training or self.recurrent_dropout == 0:
            return None
        keep = 1 - self.recurrent_dropout
        return torch.empty_like(h).bernoulli_(keep).div_(keep)

    def _norm(self, place: str, values: Tensor) -> Tensor:
        if place not in self.norms:
            return values
        normalized: Tensor = self.norms[place](values)
        return normalized

    def _input_bias(self) -> Tensor | float:
        """The bias added to the input part of all steps; an RNN's is added after its norm."""
        if self.cell in ("rnn", "rnn-relu"):
            return 0.0
        return self.bias_ih_l0 if self.cell == "gru" else self._both_biases()

    def _both_biases(self) -> Tensor:
        return self.bias_ih_l0 + self.bias_hh_l0

    # Each step takes the input part a [B, G·H], h after dropout, and h and c before dropout, and
    # returns the new h and c.

    def _rnn(self, a: Tensor, read: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        total = self._norm("sum", a + functional.linear(read, self.weight_hh_l0))
        total = total + self._both_biases()
        return (torch.tanh(total) if self.cell == "rnn" else torch.relu(total)), c

    def _lstm(self, a: Tensor, read: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        product = self._norm("h", functional.linear(read, self.weight_hh_l0))
        i, f, g, o = (a + product).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(self._norm("c", c)), c

    def _gru(self, a: Tensor, read: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        H = self.hidden_size
        product = self._norm("h", functional.linear(read, self.weight_hh_l0)) + self.bias_hh_l0
        r, z = torch.sigmoid(a[:, : 2 * H] + product[:, : 2 * H]).chunk(2, dim=1)
        g = torch.tanh(a[:, 2 * H :] + r * product[:, 2 * H :])
        return g + z * (h - g), c

    def _gru_reset_before(
        self, a: Tensor, read: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor]:
        H = self.hidden_size
        W_gates, W_g = self.weight_hh_l0[: 2 * H], self.weight_hh_l0[2 * H :]
        gates = self._norm("h", functional.linear(read, W_gates))
        r, z = torch.sigmoid(a[:, : 2 * H] + gates).chunk(2, dim=1)
        g = torch.tanh(a[:, 2 * H :] + self._norm("g", functional.linear(r * read, W_g)))
        return g + z * (h - g), c


def _norms(cell: str, H: int) -> dict[str, nn.Module]:
    """Normalised parts: the sum in an RNN; each of the two products in LSTM and GRU."""
    sizes = {
        "lstm": {"x": 4 * H, "h": 4 * H, "c": H},
        "gru": {"x": 3 * H, "h": 3 * H},
        "gru-reset-before": {"x": 3 * H, "h": 2 * H, "g": H},
    }
    return {name: nn.LayerNorm(size) for name, size in sizes.get(cell, {"sum": H}).items()}


def _first(state: Any) -> Tensor:
    first: Tensor = state[0] if isinstance(state, tuple) else state
    return first
