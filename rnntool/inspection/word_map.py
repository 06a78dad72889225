"""A map of word vectors with labels that do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnntool.inspection.fonts import legible
from rnntool.inspection.label_places import place_labels
from rnntool.inspection.pictures import finish, start
from rnntool.tables import shown_token

_LEAST, _A_WORD = 7.0, 0.75  # width in inches: minimum, and per √N for N words
_LARGER = 1.25  # factor for the width if the labels do not fit


def draw_map(points: Any, words: Sequence[str], path: str, title: str) -> None:
    """Draw words at [N, 2] positions; a line connects a label that was moved away to its point.

    Raises:
        UserError: the picture cannot be drawn.
    """
    side = max(_LEAST, _A_WORD * len(words) ** 0.5)
    while (figure := _drawn(points, words, path, title, side)) is None:
        side *= _LARGER
    finish(figure, path)


def _drawn(points: Any, words: Sequence[str], path: str, title: str, side: float) -> Any:
    """The figure; None if the labels do not fit."""
    from matplotlib import pyplot

    figure, (axes,) = start(path, (side, 0.8 * side))
    axes.scatter(points[:, 0], points[:, 1], s=8, alpha=0.7)
    axes.set_title(legible(title))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.06)
    labels = [
        axes.text(*point, legible(shown_token(word)), fontsize=8, ha="left", va="bottom")
        for point, word in zip(points, words, strict=True)
    ]
    # The size of a label is known only after drawing, so the layout is fixed before placing.
    figure.canvas.draw()
    figure.set_layout_engine("none")
    boxes = [label.get_window_extent() for label in labels]
    sizes = np.array([[box.width, box.height] for box in boxes])
    dots = axes.transData.transform(np.asarray(points, dtype=np.float64))
    corners = place_labels(dots, sizes, np.array(axes.get_window_extent().extents))
    if corners is None:
        pyplot.close(figure)
        return None
    _move(axes, labels, dots, corners, sizes)
    return figure


def _move(axes: Any, labels: list[Any], dots: Any, corners: Any, sizes: Any) -> None:
    """Move the labels to their places, and draw a line from each one that is not at its point."""
    back = axes.transData.inverted()
    nearest = np.clip(dots, corners, corners + sizes)  # of a label's edge to its point
    far = np.hypot(*(nearest - dots).T) > sizes[:, 1]
    for label, corner in zip(labels, back.transform(corners), strict=True):
        label.set_position(corner)
    pairs = zip(back.transform(dots[far]), back.transform(nearest[far]), strict=True)
    for dot, edge in pairs:
        axes.plot(*zip(dot, edge, strict=True), color="grey", linewidth=0.5, alpha=0.7, zorder=1)
