"""The simple recurrent network, with tanh, ReLU or sigmoid.

    h_t = f(W_xh x_t + W_hh h_{t-1} + b)

Elman, "Finding Structure in Time", Cognitive Science 14 (1990): the network of figure 2, whose
units are logistic (the paper has a figure but no numbered equation). In this notation with tanh:
Goodfellow, Bengio and Courville, "Deep Learning" (2016), equations 10.8 and 10.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from rnntool.cells.cell import Array, Backward, Cell, Record, State, StepGradients, Weights, sigmoid


@dataclass(frozen=True)
class Activation:
    """A function f, and its derivative written with the value h = f(a)."""

    f: Callable[[Array], Array]
    slope: Callable[[Array], Array]


TANH = Activation(np.tanh, lambda h: 1 - h * h)
SIGMOID = Activation(sigmoid, lambda h: h * (1 - h))
# At a = 0 the derivative is taken as 0, as torch does.
RELU = Activation(lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype))


def step(
    activation: Activation,
    p: Weights,
    x: Array,
    state: State,
    a_x: Array | None = None,
    record: Record | None = None,
) -> tuple[State, Backward]:
    """One step. p: W_xh (H, D), W_hh (H, H), b (H,); x (B, D); state (h (B, H),)."""
    W_xh, W_hh, b = p["W_xh"], p["W_hh"], p["b"]
    (h_prev,) = state
    if a_x is None:
        a_x = x @ W_xh.T + b  # 1
    a = a_x + h_prev @ W_hh.T  # 2
    h = activation.f(a)  # 3
    if record is not None:
        record.update(a=a, h=h)

    def backward(dstate: State) -> StepGradients:
        (dh,) = dstate
        da = dh * activation.slope(h)  # 3
        dh_prev, dW_hh = da @ W_hh, da.T @ h_prev  # 2
        dx, dW_xh, db = da @ W_xh, da.T @ x, da.sum(axis=0)  # 1
        return StepGradients(dx, (dh_prev,), {"dW_xh": dW_xh, "dW_hh": dW_hh, "db": db})

    return (h,), backward


RNN_TANH = Cell("rnn", ("h",), ("h",), partial(step, TANH))
RNN_RELU = Cell("rnn-relu", ("h",), ("h",), partial(step, RELU))
RNN_SIGMOID = Cell("rnn-sigmoid", ("h",), ("h",), partial(step, SIGMOID))
