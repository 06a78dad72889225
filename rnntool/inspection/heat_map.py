"""The picture of `trace`: a heat map of tokens × units, below a plot of the model's answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnntool.inspection.fonts import legible
from rnntool.inspection.pictures import finish, start
from rnntool.inspection.token_axis import name_tokens, width_for
from rnntool.inspection.trace import GATES, Trace
from rnntool.inspection.unit_names import UnitName

_ROW, _ANSWER, _REST = 0.2, 1.4, 1.8  # inches per unit, of the plot above, of title and tokens


def most_active(trace: Trace, count: int) -> list[UnitName]:
    """The units of all layers with the largest mean |h| over the text, largest first."""
    found = [
        (-value, UnitName(layer, unit))
        for layer in range(1, len(trace.widths) + 1)
        for unit, value in enumerate(np.abs(trace.values_of("h", layer)).mean(axis=0).tolist())
    ]
    return [name for _, name in sorted(found)[:count]]


def draw_heat_map(
    trace: Trace, units: Sequence[UnitName], quantity: str, path: str, what: str
) -> None:
    """Draw each unit's values over the tokens, below the running answer or the surprise.

    Args:
        quantity: h, c or a gate.
        what: description of the units, for the title.

    Raises:
        UserError: the cell has no such quantity, or the picture cannot be drawn.
    """
    values = np.array([trace.values_of(quantity, u.layer)[:, u.unit] for u in units])
    below = _ROW * len(units) + _REST
    size = (width_for(trace.tokens, 7), below + _ANSWER)
    figure, (above, axes) = start(path, size, heights=(_ANSWER, below))
    _draw_answer(above, trace)
    name = Path(trace.name).name
    above.set_title(legible(f"{name}: {quantity} of {what} over the text"))
    colours, low, high = _colours(quantity, values)
    image = axes.imshow(values, aspect="auto", cmap=colours, vmin=low, vmax=high,
                        interpolation="nearest")  # fmt: skip
    axes.set_yticks(range(len(units)), [str(unit) for unit in units], fontsize=7)
    axes.set_ylabel("unit, as layer:number")
    axes.set_xlabel("tokens, in the order of the text")
    name_tokens(axes, trace.tokens)
    figure.colorbar(image, ax=axes, label=quantity, fraction=0.05, pad=0.01)
    finish(figure, path)


def _colours(quantity: str, values: Any) -> tuple[str, float, float]:
    """The colours of a gate, from closed to open; others from blue (negative) to red."""
    if quantity in GATES:
        return "cividis", 0.0, 1.0
    most = float(np.abs(values).max()) or 1.0
    return "RdBu_r", -most, most


def _draw_answer(axes: Any, trace: Trace) -> None:
    places = range(len(trace.answers))
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    if trace.task == "lm":
        # A token's surprise is drawn at the token; the first one has none.
        surprises = [a.surprise for a in trace.answers if a.surprise is not None]
        axes.bar(places[1:], surprises)
        axes.set_ylabel("surprise, nats")
        return
    last = next(iter(trace.answers[-1].output))
    axes.plot(places, [a.output.get(last, np.nan) for a in trace.answers], marker=".")
    axes.set_ylim(-0.05, 1.05)
    axes.set_ylabel(f"p({legible(last)})")
