"""What all pictures share: size, fonts, colours, and writing the file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.writing import write_binary
from rnntool.inspection.fonts import set_fonts

_FORMATS = (".png", ".svg", ".pdf")
# The colours of Okabe and Ito (2008), which colour-blind readers can distinguish.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", ":", "-.")  # from the eighth line on, the second style, and so on


def start(
    path: str,
    size: tuple[float, float] = (7, 4.2),
    columns: int = 1,
    heights: Sequence[float] = (1,),
) -> tuple[Any, list[Any]]:
    """A figure and its axes: in columns, or in rows with the same horizontal axis.

    Args:
        size: width and height in inches, of one column or of all rows together.
        heights: shares of the height, from the top.

    Raises:
        UserError: matplotlib is missing, or the file name has another ending.
    """
    if Path(path).suffix.lower() not in _FORMATS:
        raise UserError("is not the name of a picture", where=path,
                        hint=f"use one of the endings {', '.join(_FORMATS)}")  # fmt: skip
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
    """Write the picture in the format of its file name, and close it."""
    from matplotlib import pyplot

    with write_binary(path) as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about glyphs that no font has
        # Without a date, the same figures give the same bytes.
        metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        suffix = Path(path).suffix.lower()
        figure.savefig(sink, format=suffix[1:], dpi=150, metadata=metadata[suffix])
    pyplot.close(figure)
