"""Line charts as SVG for a page, in the colours of its light or dark mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 440, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 10, 42
COLOURS = 7  # number of line colours on the page
_DOTS = 40  # up to this number, each point has a marker


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """One axis of a chart."""

    label: str
    low: float
    high: float
    log: bool = False
    whole: bool = False  # whole numbers only
    names: Sequence[str] = ()  # names of the positions 0, 1, 2, …; empty: show numbers

    def share(self, value: float) -> float:
        """The position of a value, from 0 to 1."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        return (at - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[tuple[float, str]]:
        """The ticks: values with their labels."""
        if self.names:
            every = max(1, -(-len(self.names) // 5))
            return [(n, self.names[n]) for n in range(0, len(self.names), every)]
        if self.log:
            low, high = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            every = max(1, -(-(high - low) // 5))
            return [(10.0**n, f"1e{n}") for n in range(low, high + 1, every)]
        return _round_ticks(self.low, self.high, self.whole)


def axis_of(label: str, values: Sequence[float], *, log: bool = False, whole: bool = False) -> Axis:
    """An axis wide enough for finite values; with `log` above zero."""
    kept = [v for v in values if math.isfinite(v) and (v > 0 or not log)] or [1.0]
    low, high = min(kept), max(kept)
    if log:
        return Axis(label, 10 ** (math.log10(low) - 0.1), 10 ** (math.log10(high) + 0.1), log=True)
    if low == high:
        around = 0.5 if whole else abs(low) * 0.1 or 0.1
        low, high = low - around, high + around
    margin = 0.0 if whole else 0.04 * (high - low)
    return Axis(label, low - margin, high + margin, whole=whole)


def _round_ticks(low: float, high: float, whole: bool) -> list[tuple[float, str]]:
    """Four to six round numbers."""
    size = (high - low) / 5 or 1.0
    power = 10.0 ** math.floor(math.log10(size))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= size * 0.999)
    if whole:
        step = max(1.0, round(step))
    digits = next(n for n in range(20) if math.isclose(round(step, n), step))
    first = math.ceil(low / step - 1e-9)
    ticks = []
    while first * step <= high + 1e-9 * step:
        ticks.append((first * step, f"{first * step:,.{digits}f}"))
        first += 1
    return ticks


def line_chart(lines: Sequence[Line], x: Axis, y: Axis, title: str, diagonal: bool = False) -> str:
    """A chart whose lines have the classes `line c0` to `c6`; text from users is escaped.

    Args:
        title: title for screen readers.
        diagonal: draw the line on which both axes are equal.
    """
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        *_frame(x, y),
    ]
    if diagonal:
        parts.append(_path([x.low, x.high], [x.low, x.high], x, y, "diagonal"))
    for line in lines:
        kept = [(a, b) for a, b in zip(line.x, line.y, strict=True) if math.isfinite(b)]
        xs, ys = [a for a, _ in kept], [b for _, b in kept]
        kind = f"line c{line.colour % COLOURS}{' dashed' if line.dashed else ''}"
        parts.append(_path(xs, ys, x, y, kind))
        if len(kept) <= _DOTS:
            parts += [
                f'<circle class="dot c{line.colour % COLOURS}" cx="{_x(x, a):.1f}"'
                f' cy="{_y(y, b):.1f}" r="2.6"><title>{escape(line.name)}: {b:.4g}</title></circle>'
                for a, b in kept
            ]
    return "".join([*parts, "</svg>"])


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.share(value) * (_WIDTH - _LEFT - _RIGHT)


def _y(axis: Axis, value: float) -> float:
    return _HEIGHT - _BOTTOM - axis.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _path(xs: Sequence[float], ys: Sequence[float], x: Axis, y: Axis, kind: str) -> str:
    points = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in zip(xs, ys, strict=True))
    return f'<polyline class="{kind}" points="{points}"/>'


def _frame(x: Axis, y: Axis) -> list[str]:
    """Grid, numbers and names of both axes."""
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for value, name in y.ticks():
        at = _y(y, value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{name}</text>')
    for value, name in x.ticks():
        at = _x(x, value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(name)}</text>'
        )
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x.label)}</text>"
    )
    parts.append(
        f'<text transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    return parts
