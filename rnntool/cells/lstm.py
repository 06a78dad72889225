"""Long short-term memory with a forget gate.

    i = σ(W_xi x_t + W_hi h_{t-1} + b_i)        f, o likewise
    g = tanh(W_xg x_t + W_hg h_{t-1} + b_g)
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)

Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997), section 4:
input gate, output gate, and a cell that keeps its value (c_t = c_{t-1} + i ⊙ g). The forget gate
f before c_{t-1}: Gers, Schmidhuber and Cummins, "Learning to Forget: Continual Prediction with
LSTM", Neural Computation 12 (2000), section 3. Both papers use scaled logistic functions for g
and c_t; the form used today, and here, has tanh.

W_xh stacks W_xi, W_xf, W_xg, W_xo, top to bottom; W_hh and b likewise, in the order i f g o.
"""

from __future__ import annotations

import numpy as np

from rnntool.cells.cell import (
    Array,
    Backward,
    Cell,
    Record,
    State,
    StepGradients,
    Weights,
    columns,
    sigmoid,
)


def step(
    p: Weights,
    x: Array,
    state: State,
    a_x: Array | None = None,
    record: Record | None = None,
) -> tuple[State, Backward]:
    """One step. p: W_xh (4H, D), W_hh (4H, H), b (4H,); x (B, D); state (h, c), each (B, H)."""
    W_xh, W_hh, b = p["W_xh"], p["W_hh"], p["b"]
    h_prev, c_prev = state
    if a_x is None:
        a_x = x @ W_xh.T + b  # 1
    a = h_prev @ W_hh.T  # 2: (B, 4H)
    a += a_x
    a_i, a_f, a_g, a_o = columns(a, h_prev.shape[1])
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)  # 3
    c = f * c_prev + i * g  # 4
    tanh_c = np.tanh(c)  # 5
    h = o * tanh_c  # 6
    if record is not None:
        record.update(a=a, i=i, f=f, g=g, o=o, c=c, h=h)

    def backward(dstate: State) -> StepGradients:
        dh, dc = dstate
        do, dtanh_c = dh * tanh_c, dh * o  # 6
        dc = dc + dtanh_c * (1 - tanh_c**2)  # 5: c_t reaches the loss through h_t and c_{t+1}
        df, dc_prev, di, dg = dc * c_prev, dc * f, dc * g, dc * i  # 4
        da_i, da_f, da_o = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)  # 3
        da_g = dg * (1 - g**2)  # 3
        da = np.concatenate((da_i, da_f, da_g, da_o), axis=1)
        dh_prev, dW_hh = da @ W_hh, da.T @ h_prev  # 2
        dx, dW_xh, db = da @ W_xh, da.T @ x, da.sum(axis=0)  # 1
        return StepGradients(dx, (dh_prev, dc_prev), {"dW_xh": dW_xh, "dW_hh": dW_hh, "db": db})

    return (h, c), backward


LSTM = Cell("lstm", ("i", "f", "g", "o"), ("h", "c"), step)
