"""A cell over time, and back: backpropagation through time, full or truncated.

The weights are the same at every step, so their gradient is the sum over t of each step's part:

    dW = Σ_t dW_t        dh_{t-1} = (∂h_t/∂h_{t-1})ᵀ dh_t + the direct ∂L/∂h_{t-1}

Werbos, "Backpropagation through time: what it does and how to do it", Proceedings of the IEEE 78
(1990). Truncated: the forward carries the state over the chunk borders, the backward is cut there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rnntool.cells.cell import Array, Backward, Cell, Record, State, Weights

Mask: TypeAlias = npt.NDArray[np.bool_]
Lengths: TypeAlias = Sequence[int] | npt.NDArray[np.integer[Any]]


class UnrollGradients(NamedTuple):
    """The gradients from the backward function of `unroll`."""

    dx: Array  # (B, T, D)
    dstate: State  # of the initial state, each (B, H)
    dweights: dict[str, Array]  # "dW_xh", …: summed over time
    dh: Array  # (B, T, H): the total ∂L/∂h_t, through output t and all later steps; 0 on padding
    summands: dict[str, Array] | None  # "dW_xh" -> (T, k·H, D), …: their sum over T is dweights


class UnrollBackward(Protocol):
    """From ∂L/∂outputs (B, T, H) and ∂L/∂last state to the gradients; None stands for zeros.

    `summands=True` keeps each step's part of the weights' gradient: T times the weights' memory.
    """

    def __call__(
        self,
        doutputs: Array | None = None,
        dstate: State | None = None,
        *,
        summands: bool = False,
    ) -> UnrollGradients:
        """Run the backward: see the class."""
        ...


class UnrolledCell(NamedTuple):
    """The result of `unroll`."""

    outputs: Array  # (B, T, H): h_t, and 0 on padding
    state: State  # after each row's last step, each (B, H)
    backward: UnrollBackward


def unroll(
    cell: Cell,
    weights: Weights,
    x: Array,
    state: State | None = None,
    *,
    lengths: Lengths | None = None,
    reverse: bool = False,
    chunk: int | None = None,
    records: list[Record] | None = None,
    gradient: bool = True,
) -> UnrolledCell:
    """Run `cell` over x (B, T, D), starting from `state` (zeros where None).

    lengths (B,): row b has lengths[b] real steps, then padding, where its state does not change
    and its output is 0. A length may be 0.
    reverse: from each row's last real step to its first; outputs[:, t] still belongs to x[:, t].
    chunk: truncated BPTT; the gradient is cut after every `chunk` steps in order of processing,
    padding included. None, or chunk >= T, is full BPTT.
    records: gets one record of intermediate values (see `Step`) for each t, in order of time;
    on padding they hold what the cell would have computed.
    gradient=False stores nothing for the backward, which then raises RuntimeError.

    Raises ValueError when weights, shapes, lengths or chunk do not fit.
    """
    D, H = cell.check(weights)
    if x.ndim != 3 or x.shape[2] != D:
        raise ValueError(f"x must be (B, T, {D}) for these weights, but is {x.shape}")
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk must be 1 or more, but is {chunk}")
    B, T, _ = x.shape
    state = start = _initial_state(cell, state, B, H, np.result_type(x, weights["W_hh"]))
    mask = None if lengths is None else mask_of(lengths, B, T)
    order = range(T - 1, -1, -1) if reverse else range(T)
    # W_xh x_t + b needs no state: one product for all t instead of T small ones.
    a_x = x.reshape(B * T, D) @ weights["W_xh"].T + weights["b"]
    a_x = a_x.reshape(B, T, len(cell.blocks) * H)

    outputs = np.zeros((B, T, H), state[0].dtype)
    steps: list[Backward] = []
    own_records: list[Record] = [{} for _ in range(T)] if records is not None else []
    for t in order:
        record = own_records[t] if records is not None else None
        new, backward = cell.step(weights, x[:, t], state, a_x[:, t], record)
        active = _active(mask, t)
        state = _where(active, new, state)
        outputs[:, t] = _masked(active, new[0])
        if gradient:
            steps.append(backward)
    if records is not None:
        records.extend(own_records)
    tape = _Tape(x, weights, start, outputs, mask, order, chunk, steps) if gradient else None
    return UnrolledCell(outputs, state, tape.backward if tape else _no_backward)


@dataclass(frozen=True)
class _Tape:
    """What the forward pass keeps for the backward pass; `steps` in order of processing."""

    x: Array
    weights: Weights
    start: State
    outputs: Array
    mask: Mask | None
    order: range
    chunk: int | None
    steps: list[Backward]

    def backward(
        self, doutputs: Array | None = None, dstate: State | None = None, *, summands: bool = False
    ) -> UnrollGradients:
        zeros = tuple(np.zeros_like(part) for part in self.start)
        d = zeros if dstate is None else _checked(dstate, self.start, "dstate")
        if doutputs is not None and doutputs.shape != self.outputs.shape:
            raise ValueError(f"doutputs is {doutputs.shape}, the outputs {self.outputs.shape}")
        dx, dh = np.zeros(self.x.shape, self.outputs.dtype), np.zeros_like(self.outputs)
        dweights = {f"d{name}": np.zeros_like(W) for name, W in self.weights.items()}
        each: dict[str, list[Array]] = {name: [] for name in dweights}
        for n in range(len(self.steps) - 1, -1, -1):  # the forward's steps in reverse
            if self._is_border(n):
                d = zeros
            t = self.order[n]
            active = _active(self.mask, t)
            if doutputs is not None:
                d = (d[0] + _masked(active, doutputs[:, t]), *d[1:])
            # A row on padding takes no step: its gradient stays in d until its last real step.
            d_t = tuple(_masked(active, part) for part in d)
            step = self.steps[n](d_t)
            dh[:, t], dx[:, t] = d_t[0], step.dx
            for name, dW_t in step.dweights.items():
                dweights[name] += dW_t
                if summands:
                    each[name].append(dW_t)
            d = _where(active, step.dstate, d)
        by_time = self._by_time(each) if summands else None
        return UnrollGradients(dx, d, dweights, dh, by_time)

    def _is_border(self, n: int) -> bool:
        """Whether truncated BPTT cuts between step n and the next."""
        last = n == len(self.steps) - 1
        return self.chunk is not None and not last and (n + 1) % self.chunk == 0

    def _by_time(self, each: dict[str, list[Array]]) -> dict[str, Array]:
        """(T, …) in order of time, from lists in the backward's order."""
        forwards_in_time = self.order.step < 0
        result = {}
        for name, parts in each.items():
            shape = (len(parts), *self.weights[name[1:]].shape)
            ordered = parts if forwards_in_time else parts[::-1]
            result[name] = np.array(ordered, self.outputs.dtype).reshape(shape)
        return result


def _no_backward(
    doutputs: Array | None = None, dstate: State | None = None, *, summands: bool = False
) -> UnrollGradients:
    raise RuntimeError("unroll(…, gradient=False) kept nothing for the backward")


def mask_of(lengths: Lengths, B: int, T: int) -> Mask:
    """(B, T): True on the first lengths[b] steps of row b.

    Raises ValueError unless there are B lengths from 0 to T.
    """
    n = np.asarray(lengths)
    if n.shape != (B,):
        raise ValueError(f"lengths must be ({B},), one for each row, but is {n.shape}")
    if B and (n.min() < 0 or n.max() > T):
        raise ValueError(f"lengths must be 0 to {T}, but are {n.min()} to {n.max()}")
    mask: Mask = np.arange(T) < n[:, None]
    return mask


def _active(mask: Mask | None, t: int) -> Mask | None:
    """(B, 1): the rows that have a step t; None where all do, so that nothing is copied."""
    if mask is None or mask[:, t].all():
        return None
    return mask[:, t, None]


def _where(active: Mask | None, new: State, old: State) -> State:
    if active is None:
        return new
    return tuple(np.where(active, n, o) for n, o in zip(new, old, strict=True))


def _masked(active: Mask | None, a: Array) -> Array:
    return a if active is None else np.where(active, a, 0)


def _initial_state(cell: Cell, state: State | None, B: int, H: int, dtype: np.dtype[Any]) -> State:
    zeros = cell.zero_state(B, H, dtype)
    return zeros if state is None else _checked(state, zeros, f"the initial state of {cell.name}")


def _checked(state: State, like: State, what: str) -> State:
    shapes, expected = [part.shape for part in state], [part.shape for part in like]
    if shapes != expected:
        raise ValueError(f"{what} must have the shapes {expected}, but has {shapes}")
    return state
