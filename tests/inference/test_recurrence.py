"""Steps that write over their arrays against the cells' own, in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from rnntool.cells import CELLS
from rnntool.inference.recurrence import prepare, start


@pytest.mark.parametrize("name", CELLS)
def test_rows_that_end_early_have_the_states_of_the_cells_own_step(name):
    cell, draw = CELLS[name], np.random.default_rng(4)
    p = cell.initial_weights(3, 5, draw)
    p["b"] += draw.normal(size=p["b"].shape)
    x = draw.normal(scale=3, size=(6, 4, 3))  # [T, N, D]
    state, prepared = cell.zero_state(4, 5), prepare(cell, p)
    running = start(prepared, 4)
    for t, n in enumerate([4, 4, 3, 1, 1, 1]):
        new, _ = cell.step(p, x[t, :n], tuple(part[:n] for part in state))
        for part, own in zip(state, new, strict=True):
            part[:n] = own
        found = running.step(n, prepared.products(x[t, :n]))
        assert np.allclose(found, new[0], atol=1e-13, rtol=0)
        assert np.allclose(running.h, state[0], atol=1e-13, rtol=0)  # the others stand still
