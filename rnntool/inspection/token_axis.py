"""Tokens along a picture's horizontal axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.tables import shown_token

_INCHES = 0.17  # a token's share of the axis: enough for a line of small type, turned by 90 degrees
_CHARACTER = 0.07  # inches of a narrow character of that type; Hangul takes two
_MOST = 500  # tokens named; of a longer text every second, third, … has its name
_BESIDE = 2.0  # inches of the picture that the axis does not have


def width_for(tokens: Sequence[str], least: float) -> float:
    """Inches of a picture in which every token's name has room."""
    return max(least, _INCHES * min(len(tokens), _MOST) + _BESIDE)


def name_tokens(axes: Any, tokens: Sequence[str]) -> None:
    """Put the tokens under the axis, at 0, 1, 2, …; upright where they have room."""
    from rich.cells import cell_len

    every = -(-len(tokens) // _MOST)
    places = range(0, len(tokens), every)
    names = [shown_token(tokens[place]) for place in places]
    room = (axes.figure.get_size_inches()[0] - _BESIDE) / len(places)
    upright = (1 + max(map(cell_len, names))) * _CHARACTER <= room
    axes.set_xticks(places, list(map(legible, names)), rotation=0 if upright else 90, fontsize=8)
