"""Numbers of tokens as colours behind them: orange above zero, blue below, the stronger the larger.

Orange and blue stay apart for readers who do not tell red from green. One scale serves a terminal,
a page and a report: full colour is the largest number of a text, or of several that are compared.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rnntool.tables import visible

if TYPE_CHECKING:
    from rich.text import Text

ABOVE, BELOW = (230, 159, 0), (86, 180, 233)  # Okabe and Ito 2008: orange and sky blue
_FAINT = 0.03  # of full colour: below, none
_PAGE = 0.6  # opacity of full colour on a page, so that text on it is read in light and dark
_TERMINAL = (255, 255, 255)  # what a weak colour pales to; the text on it is black


def full_colour(*values: Iterable[float]) -> float:
    """The largest of all numbers, signs aside: what full colour stands for."""
    return max((abs(value) for own in values for value in own), default=0.0)


def strength(value: float, full: float) -> float:
    """From -1 (full blue) through 0 (no colour) to 1 (full orange)."""
    if not full or abs(value) < _FAINT * full:
        return 0.0
    return max(-1.0, min(1.0, value / full))


def as_html(
    tokens: Sequence[str],
    values: Sequence[float],
    full: float | None = None,
    between: str = " ",
    unit: str = " nats",
) -> str:
    """Tokens as `<span>`s with their colours; escaped, so that a text may hold any characters.

    Args:
        full: what full colour stands for; None: the largest of the values.
        between: what stands between two tokens.
        unit: of the numbers that a pointer over a token shows.
    """
    full = full_colour(values) if full is None else full
    spans = (
        f'<span{css(value, full)} title="{value:+.3f}{unit}">{html.escape(visible(token))}</span>'
        for token, value in zip(tokens, values, strict=True)
    )
    return between.join(spans)


def css(value: float, full: float) -> str:
    """A `style` attribute with the colour of a number, or nothing where it has none."""
    share = strength(value, full)
    if not share:
        return ""
    r, g, b = ABOVE if share > 0 else BELOW
    return f' style="background:rgba({r},{g},{b},{abs(share) * _PAGE:.3f})"'


def as_text(
    tokens: Sequence[str], values: Sequence[float], full: float | None = None, between: str = " "
) -> Text:
    """Tokens with their colours for a terminal."""
    from rich.text import Text

    full = full_colour(values) if full is None else full
    text = Text()
    for n, (token, value) in enumerate(zip(tokens, values, strict=True)):
        text.append(between if n else "")
        text.append(visible(token), style=_style(strength(value, full)))
    return text


def _style(share: float) -> str:
    if not share:
        return ""
    most = ABOVE if share > 0 else BELOW
    mixed = [round(p + abs(share) * (c - p)) for c, p in zip(most, _TERMINAL, strict=True)]
    return "rgb(0,0,0) on rgb({},{},{})".format(*mixed)
