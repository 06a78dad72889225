"""How every picture begins and ends: its size, fonts and colours, and its file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.writing import write_binary
from rnntool.inspection.fonts import set_fonts

_FORMATS = (".png", ".svg", ".pdf")
# Okabe and Ito 2008: told apart by readers who do not see red or green.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", ":", "-.")  # of the eighth line on the second, and so on


def start(
    path: str,
    size: tuple[float, float] = (7, 4.2),
    columns: int = 1,
    heights: Sequence[float] = (1,),
) -> tuple[Any, list[Any]]:
    """A figure and its axes: side by side, or one above the other with one horizontal axis.

    Args:
        size: of each of them, in inches; of those above each other together.
        heights: shares of the height, from the top.

    Raises:
        UserError: matplotlib is missing, or the name's end is that of no picture.
    """
    if Path(path).suffix.lower() not in _FORMATS:
        raise UserError("is no picture's name", where=path, hint=f"end it in {', '.join(_FORMATS)}")
    try:
        import matplotlib
    except ImportError:
        raise UserError("drawing needs matplotlib", hint="pip install 'rnntool[plots]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot, rcsetup

    set_fonts()
    dashes, colours = rcsetup.cycler(linestyle=_DASHES), rcsetup.cycler(color=_COLOURS)
    matplotlib.rcParams["axes.prop_cycle"] = dashes * colours
    width, height = size
    figure, axes = pyplot.subplots(
        nrows=len(heights), ncols=columns,
        figsize=(width if columns == 1 else 0.75 * width * columns, height),
        height_ratios=heights, sharex="col", layout="constrained", squeeze=False,
    )  # fmt: skip
    return figure, list(axes.flat)


def finish(figure: Any, path: str) -> None:
    """Write the picture in the form that its name says, and let go of it."""
    from matplotlib import pyplot

    with write_binary(path) as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of glyphs that no font has
        # Without a date the same figures give the same bytes.
        metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        suffix = Path(path).suffix.lower()
        figure.savefig(sink, format=suffix[1:], dpi=150, metadata=metadata[suffix])
    pyplot.close(figure)
