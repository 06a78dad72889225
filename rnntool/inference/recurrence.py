"""One direction of a layer, step after step, where only the states are wanted.

A cell's own step keeps its intermediate values for the backward that it returns. Answers need none
of them: LSTM and GRU here compute the equations of rnntool/cells in arrays that they write over,
the tanh of several blocks at once. That takes σ(a) = (1 + tanh(a/2)) / 2, with the halves put into
the gates' weights beforehand. Other cells take their own step.

Shapes: N rows, of which the first n still run at a step; D input, H hidden, k blocks of a cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.cell import Cell, Weights, columns
from rnntool.cells.gru import GRU_RESET_AFTER
from rnntool.cells.lstm import LSTM

Floats = NDArray[Any]


class Recurrence(Protocol):
    """N rows on their way through time; `h` [N, H] is where each stands."""

    h: Floats

    def step(self, n: int, a_x: Floats) -> Floats:
        """Take the first n rows a step on, by `W_xh x + b` [n, k·H]; their new h [n, H]."""


def prepare(cell: Cell, p: Weights) -> Weights:
    """The weights as `start` wants them, for the products `W_xh x + b` too."""
    if cell not in _IN_PLACE:
        return p
    # The candidate g has its tanh as it is; every other block is a gate.
    scale = np.array([1 if block == "g" else 0.5 for block in cell.blocks], p["W_hh"].dtype)
    rows = scale.repeat(p["W_hh"].shape[1])
    halved = {name: p[name] * rows[:, None] for name in ("W_xh", "W_hh")}
    # In the order in which `h @ W_hh.T` reads it.
    halved["W_hh"] = np.asfortranarray(halved["W_hh"])
    return {**p, **halved, "b": p["b"] * rows}


def start(cell: Cell, p: Weights, N: int) -> Recurrence:
    """N rows in the zero state. p: what `prepare` made of the cell's weights."""
    return _IN_PLACE[cell](p, N) if cell in _IN_PLACE else _OwnSteps(cell, p, N)


class _OwnSteps:
    """Any cell."""

    def __init__(self, cell: Cell, p: Weights, N: int) -> None:
        self.cell, self.p = cell, p
        self.state = cell.zero_state(N, p["W_hh"].shape[1], p["W_hh"].dtype)
        self.h = self.state[0]

    def step(self, n: int, a_x: Floats) -> Floats:
        new, _ = self.cell.step(self.p, a_x, tuple(part[:n] for part in self.state), a_x)
        for part, own in zip(self.state, new, strict=True):
            part[:n] = own
        return new[0]


class _InPlace(ABC):
    """What the two below share: h, room for `W_hh h`, and its blocks, named once for each n."""

    def __init__(self, p: Weights, N: int) -> None:
        H, dtype = p["W_hh"].shape[1], p["W_hh"].dtype
        self.W = p["W_hh"].T
        self.h = np.zeros((N, H), dtype)
        self.a = np.empty((N, self.W.shape[1]), dtype)
        self.n = -1
        self.views: tuple[Floats, ...] = ()

    def running(self, n: int) -> tuple[Floats, ...]:
        """What a step works on, for the first n rows."""
        if n != self.n:
            self.n, self.views = n, self.narrow(n)
        return self.views

    @abstractmethod
    def narrow(self, n: int) -> tuple[Floats, ...]:
        """That, of another n than before."""


class _LSTM(_InPlace):
    """With i', f', o' for twice a gate: c = (f' c + i' g) / 2 and h = o' tanh(c) / 2."""

    def __init__(self, p: Weights, N: int) -> None:
        super().__init__(p, N)
        self.c = np.zeros_like(self.h)

    def narrow(self, n: int) -> tuple[Floats, ...]:
        return self.h[:n], self.c[:n], self.a[:n], *columns(self.a[:n], self.h.shape[1])

    def step(self, n: int, a_x: Floats) -> Floats:
        h, c, a, i, f, g, o = self.running(n)
        np.matmul(h, self.W, out=a)
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
    """h = g + z (h - g), which is (1 - z) g + z h with a product less."""

    def __init__(self, p: Weights, N: int) -> None:
        super().__init__(p, N)
        self.b_hg = p["b_hg"]

    def narrow(self, n: int) -> tuple[Floats, ...]:
        a, H = self.a[:n], self.h.shape[1]
        return self.h[:n], a, a[:, : 2 * H], *columns(a, H)

    def step(self, n: int, a_x: Floats) -> Floats:
        h, a, gates, r, z, g = self.running(n)
        both = gates.shape[1]
        np.matmul(h, self.W, out=a)
        gates += a_x[:, :both]
        np.tanh(gates, out=gates)
        gates += 1
        gates *= 0.5
        g += self.b_hg
        g *= r
        g += a_x[:, both:]
        np.tanh(g, out=g)
        h -= g
        h *= z
        h += g
        return h


_IN_PLACE: dict[Cell, type[_LSTM | _GRU]] = {LSTM: _LSTM, GRU_RESET_AFTER: _GRU}
