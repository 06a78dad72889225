"""Models by name: those that the package brings, and a user's own in RNNTOOL_MODELS.

Wherever a command takes a run directory, a name of these does as well. A folder of that name in the
working directory comes first.
"""

from __future__ import annotations

import os
from pathlib import Path

BRINGS = Path(__file__).parent.parent / "pretrained"  # each a run directory with its card
VARIABLE = "RNNTOOL_MODELS"
_CONFIG = "config.yaml"


def named_models() -> dict[str, Path]:
    """The run directory of each name, in the order of the names.

    RNNTOOL_MODELS may name several folders, separated as in PATH; the first one that has a name
    wins, and all of them win over the package.
    """
    found: dict[str, Path] = {}
    own = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    for folder in (*own, BRINGS):
        if folder.is_dir():
            for run in sorted(folder.iterdir()):
                if (run / _CONFIG).is_file():
                    found.setdefault(run.name, run)
    return dict(sorted(found.items()))


def locate(path: str | Path) -> Path:
    """Where a run is that was given by its path or its name, or a file in it (`NAME/weights…`).

    What is neither stays as it is, for the error of who opens it.
    """
    given = Path(path)
    if given.is_absolute() or str(path).startswith(".") or {".."} & {*given.parts}:
        return given
    own = None
    if given.parts and not os.path.lexists(given.parts[0]):
        own = _named(given.parts[0])
    return given if own is None else own.joinpath(*given.parts[1:])


def hidden_model(path: Path) -> Path | None:
    """The model by name that a folder of the same name hides; None: there is none."""
    own = _named(str(path))
    return own if own is not None and path.is_dir() else None


def _named(name: str) -> Path | None:
    """Like `named_models().get(name)`, without a look at the others: a one-line answer waits."""
    if name != Path(name).name or name.startswith("."):
        return None
    own = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    runs = (folder / name for folder in (*own, BRINGS))
    return next((run for run in runs if (run / _CONFIG).is_file()), None)
