"""The gated recurrent unit, in both published forms of the candidate g.

    r = σ(W_xr x_t + W_hr h_{t-1} + b_r)
    z = σ(W_xz x_t + W_hz h_{t-1} + b_z)
    g = tanh(W_xg x_t + W_hg (r ⊙ h_{t-1}) + b_g)              reset before the product
    g = tanh(W_xg x_t + b_g + r ⊙ (W_hg h_{t-1} + b_hg))       reset after the product
    h_t = (1 - z) ⊙ g + z ⊙ h_{t-1}

Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder for Statistical Machine
Translation", EMNLP 2014, equations 5 to 8 (without biases): reset before the product, as in
most textbooks. The paper's first version, arXiv:1406.1078v1, has the reset after the product, and
that is what cuDNN, torch.nn.GRU and Keras (reset_after=True) compute. Weights trained in one
form give different results in the other.

W_xh stacks W_xr, W_xz, W_xg, top to bottom; W_hh and b likewise, in the order r z g.
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
    rows,
    sigmoid,
)


def step_reset_before(
    p: Weights,
    x: Array,
    state: State,
    a_x: Array | None = None,
    record: Record | None = None,
) -> tuple[State, Backward]:
    """One step. p: W_xh (3H, D), W_hh (3H, H), b (3H,); x (B, D); state (h (B, H),)."""
    W_xh, W_hh, b = p["W_xh"], p["W_hh"], p["b"]
    (h_prev,) = state
    H = h_prev.shape[1]
    W_hr, W_hz, W_hg = rows(W_hh, H)
    if a_x is None:
        a_x = x @ W_xh.T + b  # 1
    a_xr, a_xz, a_xg = columns(a_x, H)
    r = sigmoid(a_r := a_xr + h_prev @ W_hr.T)  # 2
    z = sigmoid(a_z := a_xz + h_prev @ W_hz.T)  # 3
    s = r * h_prev  # 4
    g = np.tanh(a_g := a_xg + s @ W_hg.T)  # 5
    h = (1 - z) * g + z * h_prev  # 6
    if record is not None:
        record.update(a=np.concatenate((a_r, a_z, a_g), axis=1), r=r, z=z, g=g, h=h)

    def backward(dstate: State) -> StepGradients:
        (dh,) = dstate
        dg, dz, dh_prev = dh * (1 - z), dh * (h_prev - g), dh * z  # 6
        da_g = dg * (1 - g**2)  # 5
        ds, dW_hg = da_g @ W_hg, da_g.T @ s  # 5
        dr, dh_prev = ds * h_prev, dh_prev + ds * r  # 4
        da_z = dz * z * (1 - z)  # 3
        dh_prev, dW_hz = dh_prev + da_z @ W_hz, da_z.T @ h_prev  # 3
        da_r = dr * r * (1 - r)  # 2
        dh_prev, dW_hr = dh_prev + da_r @ W_hr, da_r.T @ h_prev  # 2
        da = np.concatenate((da_r, da_z, da_g), axis=1)
        dx, dW_xh, db = da @ W_xh, da.T @ x, da.sum(axis=0)  # 1
        dW_hh = np.concatenate((dW_hr, dW_hz, dW_hg))
        return StepGradients(dx, (dh_prev,), {"dW_xh": dW_xh, "dW_hh": dW_hh, "db": db})

    return (h,), backward


def step_reset_after(
    p: Weights,
    x: Array,
    state: State,
    a_x: Array | None = None,
    record: Record | None = None,
) -> tuple[State, Backward]:
    """One step. p: W_xh (3H, D), W_hh (3H, H), b (3H,), b_hg (H,); x (B, D); state (h (B, H),)."""
    W_xh, W_hh, b, b_hg = p["W_xh"], p["W_hh"], p["b"], p["b_hg"]
    (h_prev,) = state
    H = h_prev.shape[1]
    if a_x is None:
        a_x = x @ W_xh.T + b  # 1
    a_xr, a_xz, a_xg = columns(a_x, H)
    a_hr, a_hz, a_hg = columns(h_prev @ W_hh.T, H)  # 2: one product for all three
    r = sigmoid(a_r := a_xr + a_hr)  # 3
    z = sigmoid(a_z := a_xz + a_hz)  # 4
    q = a_hg + b_hg  # 5
    g = np.tanh(a_g := a_xg + r * q)  # 6
    h = (1 - z) * g + z * h_prev  # 7
    if record is not None:
        record.update(a=np.concatenate((a_r, a_z, a_g), axis=1), r=r, z=z, g=g, h=h)

    def backward(dstate: State) -> StepGradients:
        (dh,) = dstate
        dg, dz, dh_prev = dh * (1 - z), dh * (h_prev - g), dh * z  # 7
        da_g = dg * (1 - g**2)  # 6
        dr, dq = da_g * q, da_g * r  # 6
        db_hg = dq.sum(axis=0)  # 5
        da_z = dz * z * (1 - z)  # 4
        da_r = dr * r * (1 - r)  # 3
        da_h = np.concatenate((da_r, da_z, dq), axis=1)
        dh_prev, dW_hh = dh_prev + da_h @ W_hh, da_h.T @ h_prev  # 2
        da_x = np.concatenate((da_r, da_z, da_g), axis=1)
        dx, dW_xh, db = da_x @ W_xh, da_x.T @ x, da_x.sum(axis=0)  # 1
        dweights = {"dW_xh": dW_xh, "dW_hh": dW_hh, "db": db, "db_hg": db_hg}
        return StepGradients(dx, (dh_prev,), dweights)

    return (h,), backward


GRU_RESET_AFTER = Cell("gru", ("r", "z", "g"), ("h",), step_reset_after, ("b_hg",))
GRU_RESET_BEFORE = Cell("gru-reset-before", ("r", "z", "g"), ("h",), step_reset_before)
