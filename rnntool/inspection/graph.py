"""The computation graph of one step of a cell with one input and one unit.

Each node has its value and the local derivative by each of its inputs. A sum passes the gradient on
(1 and 1), a product swaps its factors (each gets the other one), tanh scales by 1 − tanh², and σ by
σ (1 − σ). By the chain rule, the gradient of a node is the sum, over the nodes that use it, of
their gradients times the local derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """A number in the graph."""

    name: str
    value: float
    operation: str = ""  # "" for an input or a weight
    inputs: tuple[Node, ...] = ()
    local: tuple[float, ...] = ()  # ∂self/∂input for each input
    gradient: float = field(default=0.0)

    def __add__(self, other: Node) -> Node:
        return Node("", self.value + other.value, "+", (self, other), (1.0, 1.0))

    def __sub__(self, other: Node) -> Node:
        return Node("", self.value - other.value, "-", (self, other), (1.0, -1.0))

    def __mul__(self, other: Node) -> Node:
        return Node("", self.value * other.value, "×", (self, other), (other.value, self.value))

    def named(self, name: str) -> Node:
        """Give the node a name, and return it."""
        self.name = name
        return self


def tanh(a: Node) -> Node:
    """tanh(a), whose derivative is 1 − tanh²(a)."""
    h = math.tanh(a.value)
    return Node("", h, "tanh", (a,), (1 - h * h,))


def sigmoid(a: Node) -> Node:
    """σ(a), whose derivative is σ (1 − σ)."""
    s = 1 / (1 + math.exp(-a.value))
    return Node("", s, "σ", (a,), (s * (1 - s),))


def step_graph(cell: str, numbers: Mapping[str, float]) -> list[Node]:
    """One step of `rnn`, `lstm` or `gru` (reset after the product), D = H = 1.

    Args:
        numbers: x, h (and c), and for each gate's block k the weights W_xk, W_hk, b_k (b_hg too for
            a GRU); the plain RNN has W_xh, W_hh, b.

    Returns:
        The nodes in the order of computation, each with the gradient of the new h, which is last.
    """
    leaves = {name: Node(name, value) for name, value in numbers.items()}
    h = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[cell](leaves)
    nodes = _ordered(h)
    h.gradient = 1.0
    for node in reversed(nodes):
        for source, slope in zip(node.inputs, node.local, strict=True):
            source.gradient += node.gradient * slope
    for number, node in enumerate(n for n in nodes if not n.name):
        node.name = f"s{number + 1}"
    return nodes


def _affine(leaves: Mapping[str, Node], gate: str) -> Node:
    if gate == "h":
        return leaves["W_xh"] * leaves["x"] + leaves["W_hh"] * leaves["h"] + leaves["b"]
    weighted = leaves[f"W_x{gate}"] * leaves["x"] + leaves[f"W_h{gate}"] * leaves["h"]
    return weighted + leaves[f"b_{gate}"]


def _rnn(leaves: Mapping[str, Node]) -> Node:
    return tanh(_affine(leaves, "h").named("a")).named("h'")


def _lstm(leaves: Mapping[str, Node]) -> Node:
    i, f, o = (sigmoid(_affine(leaves, k).named(f"a_{k}")).named(k) for k in "ifo")
    g = tanh(_affine(leaves, "g").named("a_g")).named("g")
    c = (f * leaves["c"] + i * g).named("c'")
    return (o * tanh(c)).named("h'")


def _gru(leaves: Mapping[str, Node]) -> Node:
    r, z = (sigmoid(_affine(leaves, k).named(f"a_{k}")).named(k) for k in "rz")
    inner = leaves["W_hg"] * leaves["h"] + leaves["b_hg"]
    outer = leaves["W_xg"] * leaves["x"] + leaves["b_g"]
    g = tanh((outer + r * inner).named("a_g")).named("g")
    one = Node("1", 1.0)
    return ((one - z) * g + z * leaves["h"]).named("h'")


def _ordered(last: Node) -> list[Node]:
    """Every node after its inputs."""
    found: list[Node] = []
    seen: set[int] = set()

    def visit(node: Node) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        for source in node.inputs:
            visit(source)
        found.append(node)

    visit(last)
    return found


def as_rows(nodes: list[Node]) -> list[tuple[str, str, float, str, float]]:
    """(name, how it is made, value, local derivatives, ∂h'/∂node) of each node."""
    rows = []
    for node in nodes:
        made = f" {node.operation} ".join(n.name for n in node.inputs)
        if len(node.inputs) == 1:
            made = f"{node.operation}({node.inputs[0].name})"
        slopes = ", ".join(
            f"∂/∂{n.name} = {slope:.4f}" for n, slope in zip(node.inputs, node.local, strict=True)
        )
        rows.append((node.name, made, node.value, slopes, node.gradient))
    return rows
