"""Pictures of what `inspect-grad`, `plot` and the examples found. matplotlib is an extra."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.writing import write_binary
from rnntool.inspection.gradient_flow import Flow
from rnntool.inspection.graph import Node

_KOREAN = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "AppleGothic",
           "UnDotum", "Baekmuk Gulim")  # fmt: skip
_FORMATS = (".png", ".svg", ".pdf")


def draw_flows(flows: Sequence[Flow], path: str) -> None:
    """‖∂L/∂h_t‖ over the steps back, a line for each model and layer, on a log scale."""
    figure, axes = _start(path)
    for flow in flows:
        several = len(flow.layers) > 1
        for layer in flow.layers:
            name = f"{flow.name}, layer {layer.layer} {layer.direction}" if several else flow.name
            axes.plot(range(len(layer.gradient)), layer.gradient, marker=".", label=_legible(name))
    axes.set_yscale("log")
    axes.set_xlabel("steps back in time")
    axes.set_ylabel("norm of the gradient  ‖∂L/∂h‖")
    axes.legend()
    axes.grid(alpha=0.3)
    _finish(figure, path)


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]], path: str) -> None:
    """Training (dashed) and validation loss over the epochs, a colour for each run."""
    figure, axes = _start(path)
    for name, epochs in curves.items():
        x = [epoch["epoch"] for epoch in epochs]
        (line,) = axes.plot(x, [e["validation_loss"] for e in epochs], marker=".",
                            label=_legible(name))  # fmt: skip
        axes.plot(x, [e["train_loss"] for e in epochs], "--", color=line.get_color(), alpha=0.7)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (nats); dashed: training")
    axes.legend()
    axes.grid(alpha=0.3)
    _finish(figure, path)


def draw_confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str], path: str) -> None:
    """Counts in a grid, dark where many; rows are the truth."""
    figure, axes = _start(path)
    axes.imshow(matrix, cmap="Blues")
    largest = max(max(row) for row in matrix)
    for y, row in enumerate(matrix):
        for x, count in enumerate(row):
            colour = "white" if count > largest / 2 else "black"
            axes.text(x, y, f"{count:,}", ha="center", va="center", color=colour)
    names = [_legible(label) for label in labels]
    axes.set_xticks(range(len(labels)), names)
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    _finish(figure, path)


def draw_forecasts(
    labels: Sequence[str], truth: Any, forecasts: Any, targets: Sequence[str], path: str
) -> None:
    """[N, K] values that came and those that were forecast one step before, a colour a target."""
    figure, axes = _start(path)
    steps = range(len(labels))
    for k, target in enumerate(targets):
        (line,) = axes.plot(steps, truth[:, k], alpha=0.5, label=_legible(target))
        axes.plot(steps, forecasts[:, k], color=line.get_color(), linewidth=2,
                  label=_legible(f"{target}, forecast"))  # fmt: skip
    shown = list(steps)[:: max(1, len(labels) // 6)]
    axes.set_xticks(shown, [labels[n] for n in shown], rotation=20)
    axes.legend()
    axes.grid(alpha=0.3)
    _finish(figure, path)


def draw_map(points: Any, words: Sequence[str], path: str) -> None:
    """Words at [N, 2] places."""
    figure, axes = _start(path)
    axes.scatter(points[:, 0], points[:, 1], s=6, alpha=0.5)
    for (x, y), word in zip(points, words, strict=True):
        axes.annotate(_legible(word), (x, y), fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    _finish(figure, path)


def draw_graph(nodes: Sequence[Node], path: str) -> None:
    """Nodes from left to right by depth: value above, gradient below, derivatives on the arrows."""
    figure, axes = _start(path)
    depth: dict[int, int] = {}
    for node in nodes:
        depth[id(node)] = 1 + max((depth[id(n)] for n in node.inputs), default=-1)
    for node in reversed(nodes):  # an input stands right before its first use
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
            start, end = place[id(source)], place[id(node)]
            axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "alpha": 0.4,
                                                      "shrinkA": 16, "shrinkB": 16})  # fmt: skip
            middle = (start[0] * 0.55 + end[0] * 0.45, start[1] * 0.55 + end[1] * 0.45)
            axes.text(*middle, f"{slope:.2f}", fontsize=6, color="tab:red", ha="center")
    for node in nodes:
        text = f"{node.operation or node.name}\n{node.value:.3f}\n∂ {node.gradient:.3f}"
        colour = "white" if node.inputs else "lightyellow"
        axes.text(*place[id(node)], text, ha="center", va="center", fontsize=7,
                  bbox={"boxstyle": "round", "facecolor": colour})  # fmt: skip
    largest = max(map(len, columns.values()))
    axes.set_xlim(min(columns) - 0.5, max(columns) + 0.5)
    axes.set_ylim(-largest / 2 - 0.5, largest / 2 + 0.5)
    axes.axis("off")
    figure.set_size_inches(1.5 * len(columns) + 1, max(4.0, 0.8 * largest))
    _finish(figure, path)


def _start(path: str) -> tuple[Any, Any]:
    """A figure and its axes.

    Raises:
        UserError: matplotlib is missing, or the extension names no picture.
    """
    if Path(path).suffix not in _FORMATS:
        raise UserError("is no picture's name", where=path, hint=f"end it in {', '.join(_FORMATS)}")
    try:
        import matplotlib
    except ImportError:
        raise UserError("drawing needs matplotlib", hint="pip install 'rnntool[plots]'") from None
    matplotlib.use("Agg")
    from matplotlib import font_manager, pyplot

    # A script that no font has would be drawn as boxes, and warned of a glyph at a time.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    known = {font.name for font in font_manager.fontManager.ttflist}
    korean = [name for name in _KOREAN if name in known]
    matplotlib.rcParams["font.family"] = [*korean[:1], "DejaVu Sans"]
    matplotlib.rcParams["axes.unicode_minus"] = False
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    return figure, axes


def _legible(text: str) -> str:
    """The text, its hangul syllables by their Unicode names (영 → yeong) where no font has them."""
    import matplotlib

    if matplotlib.rcParams["font.family"][0] in _KOREAN:
        return text
    return "".join(
        unicodedata.name(c).rsplit(" ", 1)[-1].lower() if "\uac00" <= c <= "\ud7a3" else c
        for c in text
    )


def _finish(figure: Any, path: str) -> None:
    with write_binary(path) as sink:
        # Without a date the same figures give the same bytes.
        metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        suffix = Path(path).suffix
        figure.savefig(sink, format=suffix[1:], dpi=150, metadata=metadata[suffix])
    from matplotlib import pyplot

    pyplot.close(figure)
