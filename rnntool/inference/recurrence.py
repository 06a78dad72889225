"""One direction of a layer, step by step, when only the states are needed.

A cell's `step` keeps its intermediate values for the backward pass. Inference does not need them.
So LSTM and GRU here compute the equations of rnntool/cells in arrays that are reused, with one tanh
for several blocks: σ(a) = (1 + tanh(a/2)) / 2, where the weights are halved beforehand. Other cells
use their `step`.

A cell's k blocks are contiguous, one after the other: [k, n, H]. Side by side, in a matrix
[n, k·H], they would take NumPy two to four times as long.

Shapes: N rows, of which the first n have a given step; D input, H hidden, k blocks of a cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.cell import Cell, Weights
from rnntool.cells.gru import GRU_RESET_AFTER
from rnntool.cells.lstm import LSTM

Floats = NDArray[Any]


class Recurrence(Protocol):
    """The states of N rows as time goes on; `h` [N, H] is the current one."""

    h: Floats

    def step(self, n: int, a_x: Floats) -> Floats:
        """Advance the first n rows by one step, with `W_xh x + b` [k, n, H]: new h [n, H]."""


@dataclass(frozen=True)
class Prepared:
    """A cell's weights in the layout that its recurrence needs, block by block."""

    cell: Cell
    W_x: Floats  # [k, D, H]
    b: Floats  # [k, 1, H]
    W_h: Floats  # [k, H, H]
    b_hg: Floats | None  # [H], of a GRU with the reset after the product
    own: Weights  # as the cell's `step` needs them

    @property
    def hidden(self) -> int:
        """H."""
        return int(self.W_h.shape[2])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the weights and of everything computed with them."""
        return self.W_h.dtype

    def products(self, x: Floats) -> Floats:
        """`W_xh x + b` of M inputs: [M, D] -> [k, M, H]."""
        found: Floats = np.matmul(x, self.W_x)
        found += self.b
        return found


def prepare(cell: Cell, p: Weights) -> Prepared:
    """Prepare one direction's weights for `start` and for the products `W_xh x + b`."""
    H = p["W_hh"].shape[1]
    k = len(p["b"]) // H
    W_x, W_h = (p[name].reshape(k, H, -1).transpose(0, 2, 1) for name in ("W_xh", "W_hh"))
    b, b_hg = p["b"].reshape(k, 1, H), p.get("b_hg")
    if cell in _IN_PLACE:
        # The candidate g has a plain tanh; every other block is a gate.
        scale = np.array([1 if block == "g" else 0.5 for block in cell.blocks], p["W_hh"].dtype)
        scale = scale.reshape(k, 1, 1)
        W_x, b = W_x * scale, b * scale
        if b_hg is not None:
            scale, b_hg = np.full_like(scale, 0.5), b_hg * scale.dtype.type(0.5)  # for the reset
        W_h = W_h * scale
    return Prepared(cell, np.ascontiguousarray(W_x), b, np.ascontiguousarray(W_h), b_hg, p)


def start(p: Prepared, N: int) -> Recurrence:
    """N rows in the zero state."""
    return _IN_PLACE[p.cell](p, N) if p.cell in _IN_PLACE else _OwnSteps(p, N)


class _OwnSteps:
    """A recurrence for any cell, by its `step`."""

    def __init__(self, p: Prepared, N: int) -> None:
        self.cell, self.p = p.cell, p.own
        self.state = p.cell.zero_state(N, p.hidden, p.dtype)
        self.h = self.state[0]

    def step(self, n: int, a_x: Floats) -> Floats:
        beside = a_x.transpose(1, 0, 2).reshape(n, -1)  # [n, k·H]
        new, _ = self.cell.step(self.p, beside, tuple(part[:n] for part in self.state), beside)
        for part, own in zip(self.state, new, strict=True):
            part[:n] = own
        return new[0]


class _InPlace(ABC):
    """Common part of LSTM and GRU: h, an array for `W_hh h`, and views of its blocks for each n."""

    def __init__(self, p: Prepared, N: int) -> None:
        self.p = p
        self.h = np.zeros((N, p.hidden), p.dtype)
        self.room = np.empty(p.W_h.shape[0] * N * p.hidden, p.dtype)
        self.n = -1
        self.views: tuple[Floats, ...] = ()

    def running(self, n: int) -> tuple[Floats, ...]:
        """The arrays that a step works on, for the first n rows."""
        if n != self.n:
            k, _, H = self.p.W_h.shape
            self.n, self.views = n, self.narrow(n, self.room[: k * n * H].reshape(k, n, H))
        return self.views

    @abstractmethod
    def narrow(self, n: int, a: Floats) -> tuple[Floats, ...]:
        """The same arrays for a new n; a: the array for `W_hh h`."""


class _LSTM(_InPlace):
    """Where i', f', o' are twice the gates: c = (f' c + i' g) / 2 and h = o' tanh(c) / 2."""

    def __init__(self, p: Prepared, N: int) -> None:
        super().__init__(p, N)
        self.c = np.zeros_like(self.h)

    def narrow(self, n: int, a: Floats) -> tuple[Floats, ...]:
        return self.h[:n], self.c[:n], a, *a

    def step(self, n: int, a_x: Floats) -> Floats:
        h, c, a, i, f, g, o = self.running(n)
        np.matmul(h, self.p.W_h, out=a)
        a += a_x
        np.tanh(a, out=a)
        i += 1
        i *= g
        f += 1
        c *= f
        c += i
        c *= 0.5
        np.tanh(c, out=h)
        o += 1
        h *= o
        h *= 0.5
        return h


class _GRU(_InPlace):
    """Where r', z' are twice the gates: g = tanh(a_xg + r' q/2), h = g + z' (h - g) / 2.

    The latter equals (1 - z) g + z h with one product less; q = W_hg h + b_hg is already halved.
    """

    def narrow(self, n: int, a: Floats) -> tuple[Floats, ...]:
        return self.h[:n], a, a[:2], *a

    def step(self, n: int, a_x: Floats) -> Floats:
        h, a, gates, r, z, g = self.running(n)
        np.matmul(h, self.p.W_h, out=a)
        gates += a_x[:2]
        np.tanh(gates, out=gates)
        gates += 1
        g += self.p.b_hg
        g *= r
        g += a_x[2]
        np.tanh(g, out=g)
        h -= g
        h *= 0.5
        h *= z
        h += g
        return h


_IN_PLACE: dict[Cell, type[_LSTM | _GRU]] = {LSTM: _LSTM, GRU_RESET_AFTER: _GRU}
