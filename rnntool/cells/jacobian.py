"""∂state_t/∂state_{t-1}: the factor by which the gradient shrinks or grows in one step.

∂h_T/∂h_t is the product of these over the steps from t to T (Pascanu, Mikolov and Bengio, "On the
difficulty of training recurrent neural networks", ICML 2013, equation 5).
"""

from __future__ import annotations

import numpy as np

from rnntool.cells.cell import Array, Cell, State, Weights


def step_jacobian(cell: Cell, weights: Weights, x: Array, state: State) -> Array:
    """J (N, N) of one step for one sequence: J[i, j] = ∂state_t[i] / ∂state_{t-1}[j].

    x (D,); state: the parts (H,) before the step. N is H; for LSTM it is 2H: h, then c.
    The step runs on N copies, and copy i's backward starts from the i-th unit vector.
    """
    parts, H = len(state), state[0].shape[0]
    N = parts * H
    copies = tuple(np.repeat(part[None], N, axis=0) for part in state)
    _, backward = cell.step(weights, np.repeat(x[None], N, axis=0), copies)
    unit = np.eye(N, dtype=state[0].dtype)
    gradients = backward(tuple(unit[:, n * H : (n + 1) * H] for n in range(parts)))
    return np.concatenate(gradients.dstate, axis=1)
