"""Common to all cells: the shapes of the weights, and the interface of one time step.

Shapes, in this whole package: B batch, T time, D input, H hidden, V vocabulary; k is the number
of blocks of H rows that a cell stacks in one matrix (1 for RNN, 4 for LSTM, 3 for GRU).

Matrices are output × input, as in the equations, so `W_xh x_t` is `x_t @ W_xh.T` for a batch of
rows. The weights of every cell are

    W_xh (k·H, D)    W_hh (k·H, H)    b (k·H,)

and GRU with the reset after the product also has the candidate's second bias b_hg (H,).
A gradient is `d` + the name: dW_xh, dW_hh, db, db_hg, dx, dh, dc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Weights: TypeAlias = Mapping[str, Array]
State: TypeAlias = tuple[Array, ...]  # (h,), or (h, c) for LSTM; each (B, H)
Record: TypeAlias = dict[str, Array]  # name of an intermediate value -> (B, H) or (B, k·H)


class StepGradients(NamedTuple):
    """What one step's backward returns."""

    dx: Array  # (B, D)
    dstate: State  # of the previous state: (dh,) or (dh, dc), each (B, H)
    dweights: dict[str, Array]  # "dW_xh", … : this step's part of the shared weights' gradient


Backward: TypeAlias = Callable[[State], StepGradients]


class Step(Protocol):
    """One time step: x (B, D) and the previous state in; the new state and its backward out.

    `a_x` (B, k·H) is `W_xh x + b`, if the caller has computed it already: it does not depend on
    the state, so `unroll` computes it for all t in one product. `record`, when given, is filled
    with the pre-activations `a`, the gates and the new state.
    """

    def __call__(
        self,
        p: Weights,
        x: Array,
        state: State,
        a_x: Array | None = None,
        record: Record | None = None,
    ) -> tuple[State, Backward]:
        """Take the step: see the class."""
        ...


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: its name, what its weights are called, and its step.

    `blocks` names the blocks of H rows of W_xh, W_hh and b, top to bottom; `states` names the
    parts of its state, of which the first is always the output h.
    """

    name: str
    blocks: tuple[str, ...]
    states: tuple[str, ...]
    step: Step
    extra_biases: tuple[str, ...] = ()  # each (H,)

    def shapes(self, D: int, H: int) -> dict[str, tuple[int, ...]]:
        """The shape of each weight for an input of D and a state of H."""
        k = len(self.blocks)
        own: dict[str, tuple[int, ...]] = {"W_xh": (k * H, D), "W_hh": (k * H, H), "b": (k * H,)}
        return own | {name: (H,) for name in self.extra_biases}

    def initial_weights(
        self, D: int, H: int, rng: np.random.Generator, dtype: npt.DTypeLike = np.float64
    ) -> dict[str, Array]:
        """Each weight uniform in ±1/√H, as torch.nn's recurrent layers start."""
        bound = 1 / np.sqrt(H)
        return {
            name: rng.uniform(-bound, bound, shape).astype(dtype)
            for name, shape in self.shapes(D, H).items()
        }

    def zero_state(self, B: int, H: int, dtype: npt.DTypeLike = np.float64) -> State:
        """The state before the first step if none is given: zeros, (B, H) for each part."""
        return tuple(np.zeros((B, H), dtype) for _ in self.states)

    def check(self, weights: Weights) -> tuple[int, int]:
        """(D, H) of these weights.

        Raises ValueError when a name is missing or too many, or a shape does not fit the others.
        """
        expected = set(self.shapes(1, 1))
        if set(weights) != expected:
            raise ValueError(
                f"{self.name} has the weights {', '.join(sorted(expected))}, "
                f"but got {', '.join(sorted(weights)) or 'none'}"
            )
        if weights["W_xh"].ndim != 2 or weights["W_hh"].ndim != 2:
            raise ValueError(f"{self.name}: W_xh and W_hh must be matrices (output × input)")
        D, H = weights["W_xh"].shape[1], weights["W_hh"].shape[1]
        for name, shape in self.shapes(D, H).items():
            if weights[name].shape != shape:
                raise ValueError(
                    f"{self.name}: {name} has shape {weights[name].shape}, "
                    f"but D={D}, H={H} need {shape}"
                )
        return D, H


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + e^-a), written through tanh so that no exponential can overflow."""
    y: Array = 0.5 * a
    np.tanh(y, out=y)  # in place: allocating a large array takes as long as the tanh itself
    y += 1
    y *= 0.5
    return y


def columns(a: Array, H: int) -> Iterator[Array]:
    """The (B, H) blocks of a (B, k·H) array, left to right: views, nothing is copied."""
    return (a[:, start : start + H] for start in range(0, a.shape[1], H))


def rows(W: Array, H: int) -> Iterator[Array]:
    """The (H, n) blocks of a (k·H, n) matrix, top to bottom: views, nothing is copied."""
    return (W[start : start + H] for start in range(0, len(W), H))
