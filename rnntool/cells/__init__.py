"""RNN, LSTM and GRU in NumPy, forward and backward, as in the textbook equations. No autograd.

`CELLS[name].step(p, x, state)` computes one time step and returns it with its backward function;
`unroll` runs a cell over time, `unroll_stack` over layers and directions. `cell.py` explains the
common shapes and names. A new cell needs one file and one line in `CELLS`.
"""

from __future__ import annotations

from rnntool.cells.cell import Array, Cell, Record, State, StepGradients, Weights
from rnntool.cells.finite_differences import finite_differences, largest_relative_difference
from rnntool.cells.gru import GRU_RESET_AFTER, GRU_RESET_BEFORE
from rnntool.cells.jacobian import step_jacobian
from rnntool.cells.lstm import LSTM
from rnntool.cells.rnn import RNN_RELU, RNN_SIGMOID, RNN_TANH
from rnntool.cells.softmax import cross_entropy, log_softmax, softmax
from rnntool.cells.stack import StackGradients, UnrolledStack, unroll_stack
from rnntool.cells.unroll import UnrolledCell, UnrollGradients, unroll

CELLS: dict[str, Cell] = {
    "rnn": RNN_TANH,
    "rnn-relu": RNN_RELU,
    "rnn-sigmoid": RNN_SIGMOID,
    "lstm": LSTM,
    "gru": GRU_RESET_AFTER,  # as torch.nn.GRU and cuDNN
    "gru-reset-before": GRU_RESET_BEFORE,  # as Cho et al. 2014
}

__all__ = [
    "CELLS",
    "Array",
    "Cell",
    "Record",
    "StackGradients",
    "State",
    "StepGradients",
    "UnrollGradients",
    "UnrolledCell",
    "UnrolledStack",
    "Weights",
    "cross_entropy",
    "finite_differences",
    "largest_relative_difference",
    "log_softmax",
    "softmax",
    "step_jacobian",
    "unroll",
    "unroll_stack",
]
