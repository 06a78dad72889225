"""The graph's gradients are those of the hand-written cells."""

from __future__ import annotations

import numpy as np
import pytest

from rnntool.cells import CELLS
from rnntool.inspection.graph import Node, as_rows, sigmoid, step_graph, tanh
from rnntool.inspection.inspect import graph_numbers


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_values_and_gradients_are_those_of_the_cell(cell):
    numbers = graph_numbers(cell, seed=3)
    nodes = {node.name: node for node in step_graph(cell, numbers)}
    kind = CELLS[cell]
    blocks = ["h"] if cell == "rnn" else list(kind.blocks)

    def stack(prefix: str) -> np.ndarray:
        if cell == "rnn":
            return np.array([numbers["b" if prefix == "b_" else f"{prefix}h"]])
        return np.array([numbers[f"{prefix}{block}"] for block in blocks])

    weights = {"W_xh": stack("W_x")[:, None], "W_hh": stack("W_h")[:, None], "b": stack("b_")}
    if cell == "gru":
        weights["b_hg"] = np.array([numbers["b_hg"]])
    state = tuple(np.array([[numbers[name]]]) for name in kind.states)
    new, backward = kind.step(weights, np.array([[numbers["x"]]]), state)
    assert nodes["h'"].value == pytest.approx(new[0].item())
    start = tuple(np.array([[1.0 if n == 0 else 0.0]]) for n in range(len(state)))
    gradients = backward(start)
    assert nodes["x"].gradient == pytest.approx(gradients.dx.item())
    assert nodes["h"].gradient == pytest.approx(gradients.dstate[0].item())
    for n, block in enumerate(blocks):
        name = "W_hh" if cell == "rnn" else f"W_h{block}"
        assert nodes[name].gradient == pytest.approx(gradients.dweights["dW_hh"][n, 0])
        assert nodes[name].gradient != 0


def test_local_derivatives():
    a, b = Node("a", 2.0), Node("b", -3.0)
    assert (a * b).local == (-3.0, 2.0)  # a product swaps
    assert (a + b).local == (1.0, 1.0)  # a sum distributes
    assert tanh(a).local[0] == pytest.approx(1 - np.tanh(2.0) ** 2)
    assert sigmoid(a).local[0] == pytest.approx(0.1049936, abs=1e-6)


def test_the_command_prints_each_node(cli, tmp_path):
    result = cli("inspect-grad", "--graph", "--cell", "rnn", "--plot", tmp_path / "g.png", "-q")
    assert result.code == 0, result.err
    assert "tanh(a)" in result.out
    assert (
        len(as_rows(step_graph("rnn", graph_numbers("rnn", 1))))
        == len(result.out.strip().splitlines()) - 1
    )
    assert (tmp_path / "g.png").stat().st_size > 5000
