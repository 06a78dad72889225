"""A font with Hangul for matplotlib: from the system, or from the package koreanize-matplotlib.

Without one, a syllable is drawn as its Unicode name (영 → yeong), with a warning what to install.
"""

from __future__ import annotations

import importlib.util
import logging
import unicodedata
from pathlib import Path

from rnntool.reporting import Reporter
from rnntool.text.units import LINE_FEED

# Fonts of the usual systems; the first one that exists is used.
_KOREAN = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "AppleGothic",
           "Apple SD Gothic Neo", "UnDotum", "Baekmuk Gulim")  # fmt: skip
_CARRIER, _FILE = "koreanize_matplotlib", "fonts/NanumGothic.ttf"
HINT = "pip install koreanize-matplotlib, or install the system package fonts-nanum"
_state = {"replaced": False}  # whether a syllable was drawn as its name


def korean_font() -> str | None:
    """A font with Hangul, registered with matplotlib; None if there is none."""
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in _KOREAN:
        if name in known:
            return name
    carrier = importlib.util.find_spec(_CARRIER)
    if carrier is None or carrier.origin is None:
        return None
    file = Path(carrier.origin).parent / _FILE
    if not file.is_file():
        return None
    font_manager.fontManager.addfont(str(file))
    return _KOREAN[0]


def set_fonts() -> None:
    """Make matplotlib draw Hangul if possible, without its warnings about glyphs."""
    import matplotlib

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    font = korean_font()
    # DejaVu comes first, since the Korean fonts lack some signs, such as the minus.
    matplotlib.rcParams["font.family"] = ["DejaVu Sans", *([font] if font else [])]
    matplotlib.rcParams["axes.unicode_minus"] = False


def legible(text: str) -> str:
    """The text in a form that the fonts can draw, with dollar signs that start no formula."""
    import matplotlib

    text = text.replace("$", r"\$").replace(LINE_FEED, "↵")  # which the fonts have
    if set(matplotlib.rcParams["font.family"]) & set(_KOREAN):
        return text
    drawn = "".join(
        unicodedata.name(c).rsplit(" ", 1)[-1].lower() if "\uac00" <= c <= "\ud7a3" else c
        for c in text
    )
    _state["replaced"] = _state["replaced"] or drawn != text
    return drawn


def warn_of_missing_font(report: Reporter) -> None:
    """Warn once if a picture was drawn without Hangul, and say what to install."""
    if _state["replaced"]:
        report.warn(f"no installed font has Hangul, so it is drawn in Latin letters; {HINT}")
        _state["replaced"] = False
