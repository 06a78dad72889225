"""Tokens along the horizontal axis of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.tables import shown_token

_INCHES = 0.17  # width per token: enough for small text, turned by 90 degrees
_CHARACTER = 0.07  # inches of a narrow character; a Hangul syllable takes two
_MOST = 500  # maximum number of names; in a longer text every second, third, … token has one
_BESIDE = 2.0  # inches of the picture beside the axis


def width_for(tokens: Sequence[str], least: float) -> float:
    """Width of a picture, in inches, with space for every token's name."""
    return max(least, _INCHES * min(len(tokens), _MOST) + _BESIDE)


def name_tokens(axes: Any, tokens: Sequence[str]) -> None:
    """Put the tokens under the axis, at 0, 1, 2, …; horizontal if there is space."""
    from rich.cells import cell_len

    every = -(-len(tokens) // _MOST)
    places = range(0, len(tokens), every)
    names = [shown_token(tokens[place]) for place in places]
    room = (axes.figure.get_size_inches()[0] - _BESIDE) / len(places)
    upright = (1 + max(map(cell_len, names))) * _CHARACTER <= room
    axes.set_xticks(places, list(map(legible, names)), rotation=0 if upright else 90, fontsize=8)
