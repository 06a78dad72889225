"""Place the labels of points so that no label covers another label or a point.

Each label gets the nearest free place around its point, in the given order. The library adjustText,
which moves all labels at once, needed minutes for 400 words in a dense cloud, and some labels still
overlapped.

Shapes: N labels, C candidate places. Lengths in pixels, boxes as (x0, y0, x1, y1).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ANGLES = 24  # candidate places on each ring around a point
_GAP = 2.0  # pixels around a label, and between a label and its point


def place_labels(points: Floats, sizes: Floats, area: Floats) -> Floats | None:
    """The lower left corner of each label.

    Args:
        points: [N, 2] the labelled points.
        sizes: [N, 2] width and height of each label.
        area: (x0, y0, x1, y1), the area for all labels.

    Returns:
        [N, 2]; None if the area is too small.
    """
    taken, corners = np.empty((0, 4)), np.empty_like(points)
    dots = np.concatenate([points - _GAP, points + _GAP], axis=1)
    longest = float(np.hypot(*(area[2:] - area[:2])))
    for n, (point, size) in enumerate(zip(points, sizes, strict=True)):
        for places in _rings(point, size, longest):
            boxes = np.concatenate([places - _GAP / 2, places + size + _GAP / 2], axis=1)
            inside = (boxes[:, :2] >= area[:2]).all(axis=1) & (boxes[:, 2:] <= area[2:]).all(axis=1)
            free = inside & ~overlaps(boxes, taken) & ~overlaps(boxes, dots)
            if free.any():
                chosen = int(free.argmax())
                corners[n] = places[chosen]
                taken = np.concatenate([taken, boxes[chosen : chosen + 1]])
                break
        else:
            return None
    return corners


def overlaps(boxes: Floats, others: Floats) -> NDArray[np.bool_]:
    """[C] whether each of [C, 4] boxes overlaps one of [N, 4] others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.any(np.all(low < high, axis=2), axis=1), dtype=np.bool_)


def _rings(point: Floats, size: Floats, longest: float) -> Iterator[Floats]:
    """[C, 2] corners of a label on growing rings around its point."""
    angles = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    way = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # On the nearest ring, the edge of the label is next to the point.
    nearest = way * (size / 2 + 3 * _GAP)
    step = size[1] / 2
    for n in range(int(longest / step)):
        yield point + nearest + way * (n * step) - size / 2
