"""Pictures of `plot` and `inspect-grad --graph`. matplotlib is optional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.inspection.graph import Node
from rnntool.inspection.pictures import finish, start

_MANY = 12  # with more classes, a confusion matrix has small text
_SLOPE = "#D55E00"  # colour of local derivatives; values are black
_COLUMN, _ROW = 1.5, 0.8  # inches between the nodes of a graph
_BEFORE = 0.55  # inches between a node's centre and the derivative on an arrow to it


def draw_confusion(
    matrix: Sequence[Sequence[int]], labels: Sequence[str], path: str, name: str = ""
) -> None:
    """Draw counts and shares of each true class in a grid; darker for more, empty for zero.

    Args:
        name: name of the run, for the title.
    """
    many = len(labels) > _MANY
    side = max(4.8, 0.42 * len(labels) + 2)
    figure, (axes,) = start(path, (side + 1, side))
    shares = [[count / max(1, sum(row)) for count in row] for row in matrix]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(matrix):
        for x, count in enumerate(row):
            if not count:
                continue
            share = shares[y][x]
            text = f"{count:,}\n{share:.{0 if many else 1}%}"
            axes.text(x, y, text, ha="center", va="center", fontsize=6 if many else 10,
                      color="white" if share > 0.5 else "black")  # fmt: skip
    names = [legible(label) for label in labels]
    crowded = many or max(map(len, names)) * len(names) > 40  # characters in one row
    axes.set_xticks(range(len(labels)), names, rotation=90 if crowded else 0)
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(legible(f"Confusion matrix{_of(name)}\ndocuments, and share of the true class"))
    finish(figure, path)


def _of(name: str) -> str:
    return f" of {name}" if name else ""


def draw_forecasts(
    labels: Sequence[str],
    truth: Any,
    forecasts: Any,
    targets: Sequence[str],
    path: str,
    name: str = "",
) -> None:
    """Draw [N, K] true values and their one-step forecasts, one colour per target.

    Args:
        name: name of the run, for the title.
    """
    figure, (axes,) = start(path, (9, 4.2))
    steps = range(len(labels))
    for k, target in enumerate(targets):
        (line,) = axes.plot(steps, truth[:, k], "-", alpha=0.5, label=legible(target))
        axes.plot(steps, forecasts[:, k], "--", color=line.get_color(), linewidth=2,
                  label=legible(f"{target}, forecast"))  # fmt: skip
    shown = list(steps)[:: max(1, len(labels) // 6)]
    axes.set_xticks(shown, [labels[n] for n in shown], rotation=20)
    axes.set_title(legible(f"True values and one-step forecasts{_of(name)}"))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.grid(alpha=0.3)
    finish(figure, path)


def draw_graph(nodes: Sequence[Node], path: str, title: str) -> None:
    """Draw the nodes from left to right, with value, gradient, and derivatives at the arrows."""
    figure, (axes,) = start(path)
    depth: dict[int, int] = {}
    for node in nodes:
        depth[id(node)] = 1 + max((depth[id(n)] for n in node.inputs), default=-1)
    for node in reversed(nodes):  # put an input just before its first use
        for source in node.inputs:
            if not source.inputs:
                depth[id(source)] = depth[id(node)] - 1
    columns: dict[int, list[Node]] = {}
    for node in nodes:
        columns.setdefault(depth[id(node)], []).append(node)
    place = {
        id(node): (x, -(y - (len(column) - 1) / 2))
        for x, column in columns.items()
        for y, node in enumerate(column)
    }
    for node in nodes:
        for source, slope in zip(node.inputs, node.local, strict=True):
            tail, head = place[id(source)], place[id(node)]
            axes.annotate("", head, tail, arrowprops={"arrowstyle": "->", "alpha": 0.4,
                                                      "shrinkA": 16, "shrinkB": 16})  # fmt: skip
            box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}
            axes.text(*_near(head, tail), f"{slope:.2f}", fontsize=7, color=_SLOPE,
                      ha="center", va="center", bbox=box)  # fmt: skip
    for node in nodes:
        text = f"{node.operation or node.name}\n{node.value:.3f}\n∂ {node.gradient:.3f}"
        colour = "white" if node.inputs else "lightyellow"
        axes.text(*place[id(node)], text, ha="center", va="center", fontsize=7,
                  bbox={"boxstyle": "round", "facecolor": colour})  # fmt: skip
    largest = max(map(len, columns.values()))
    axes.set_xlim(min(columns) - 0.5, max(columns) + 0.5)
    axes.set_ylim(-largest / 2 - 0.5, largest / 2 + 0.5)
    axes.axis("off")
    axes.set_title(title)
    figure.set_size_inches(_COLUMN * len(columns) + 1, max(4.0, _ROW * largest))
    finish(figure, path)


def _near(head: tuple[float, float], tail: tuple[float, float]) -> tuple[float, float]:
    """A point on an arrow near its head, where fewer arrows cross than further back."""
    x, y = (tail[0] - head[0]) * _COLUMN, (tail[1] - head[1]) * _ROW
    share = _BEFORE / (x**2 + y**2) ** 0.5
    return head[0] + share * x / _COLUMN, head[1] + share * y / _ROW
