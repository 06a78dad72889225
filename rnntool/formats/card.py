"""`card.yaml`: the origin, score and limits of a model that is used by its name.

summary     one line
score       measure, value and data of its score, and the command that printed it
data        file, bytes, sha256, use, source and licence of each raw file
command     that made it from the raw files; note: deviations from this command
seed, versions
files       bytes and sha256 of each other file in the run directory
limits      known limits, one per line
licence     of the weights
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.rundir import CARD
from rnntool.yaml_text import YamlError, parse_yaml


@dataclass(frozen=True)
class Card:
    """The contents of `card.yaml`; `entries` has all of them."""

    summary: str
    figure: str
    value: float
    data: str  # that the score was measured on
    entries: dict[str, Any] = field(repr=False)


def read_card(folder: Path) -> Card | None:
    """A run directory's card, or None if it has none.

    Raises:
        UserError: it is damaged.
    """
    path = folder / CARD
    try:
        loaded = parse_yaml(path.read_text(encoding="utf-8"))
        score = loaded["score"]
        return Card(str(loaded["summary"]), str(score["figure"]), float(score["value"]),
                    str(score["data"]), loaded)  # fmt: skip
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, YamlError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"is not the card of a model: {reason}", where=path) from None
