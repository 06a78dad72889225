"""A text coloured by one unit's values (Karpathy, Johnson and Fei-Fei 2015, figure 2)."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from typing import Any

from rnntool.inspection.token_colours import background, css, full_colour, strength
from rnntool.pages import render, safe
from rnntool.tables import visible
from rnntool.text.tokens import SPACE

_SHADES = 10  # per colour: a CSS class instead of a style for each token keeps the page small


def unit_page(
    run: str,
    unit: str,
    lines: Sequence[Sequence[str]],
    values: Sequence[Sequence[float]],
    spelled: bool,
    about: str = "",
) -> str:
    """A self-contained page.

    Args:
        lines: tokens of each line, each with a value.
        spelled: tokens are characters, and a space is one of them.
        about: what the unit follows.
    """
    full = full_colour(*values)
    rows = zip(lines, values, strict=True)
    shades = "".join(
        f".s{_name(n)} {{ {background(n / _SHADES)} }}\n" for n in range(-_SHADES, _SHADES + 1) if n
    )
    return render(
        "units.html", title=f"{run}: unit {unit}", about=about, full=full, colours=safe(shades),
        above=safe(css(1, 1)), below=safe(css(-1, 1)),
        lines=[_line(tokens, own, full, spelled) for tokens, own in rows],
    )  # fmt: skip


def _line(tokens: Sequence[str], values: Sequence[float], full: float, spelled: bool) -> Any:
    """The tokens; neighbours with the same shade are in one element."""
    shades = [round(strength(value, full) * _SHADES) for value in values]
    parts = []
    pairs = zip(tokens, shades, strict=True)
    for shade, group in itertools.groupby(pairs, key=lambda pair: pair[1]):
        text = ("" if spelled else " ").join(_shown(token, spelled) for token, _ in group)
        text = html.escape(text)
        parts.append(f'<b class="s{_name(shade)}">{text}</b>' if shade else text)
    return safe(("" if spelled else " ").join(parts))


def _shown(token: str, spelled: bool) -> str:
    return " " if spelled and token == SPACE else visible(token)


def _name(shade: int) -> str:
    return f"m{-shade}" if shade < 0 else f"p{shade}"
