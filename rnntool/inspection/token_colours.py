"""Numbers as background colours of tokens: orange above zero, blue below, stronger if larger.

Colour-blind readers can distinguish orange and blue. Terminal, page and report use the same scale:
full colour is the largest number of a text, or of several texts that are compared.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rnntool.tables import visible

if TYPE_CHECKING:
    from rich.text import Text

ABOVE, BELOW = (230, 159, 0), (86, 180, 233)  # Okabe and Ito 2008: orange and sky blue
_FAINT = 0.03  # share of full colour; weaker colours are left out
_PAGE = 0.6  # opacity of full colour on a page, so that text is legible in light and dark mode
_TERMINAL = (255, 255, 255)  # the colour of zero; the text is black


def full_colour(*values: Iterable[float]) -> float:
    """The largest absolute value, which gets full colour."""
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
    """Tokens as `<span>`s with their colours; escaped, so that a text may contain any characters.

    Args:
        full: the number with full colour; None: the largest absolute value.
        between: the text between two tokens.
        unit: unit of the numbers in the tooltips.
    """
    full = full_colour(values) if full is None else full
    spans = (
        f'<span{css(value, full)} title="{value:+.3f}{unit}">{html.escape(visible(token))}</span>'
        for token, value in zip(tokens, values, strict=True)
    )
    return between.join(spans)


def css(value: float, full: float) -> str:
    """A `style` attribute with the colour of a number; empty if it has none."""
    share = strength(value, full)
    return f' style="{background(share)}"' if share else ""


def background(share: float) -> str:
    """The declaration in CSS of a colour's `strength`."""
    r, g, b = ABOVE if share > 0 else BELOW
    return f"background:rgba({r},{g},{b},{abs(share) * _PAGE:.3f})"


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
