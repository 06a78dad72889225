"""Models by name: those that come with the package, and the user's own in RNNTOOL_MODELS.

Wherever a command takes a run directory, it also takes such a name. A folder with that name in the
working directory has priority.
"""

from __future__ import annotations

import os
from pathlib import Path

BRINGS = Path(__file__).parent.parent / "pretrained"  # run directories with their cards
VARIABLE = "RNNTOOL_MODELS"
CONFIG = "config.yaml"  # a folder with this file is a run


def named_models() -> dict[str, Path]:
    """The run directory of each name, in the order of the names.

    RNNTOOL_MODELS may name several folders, separated as in PATH. If a name occurs in several, the
    first folder is used; all of them have priority over the package.
    """
    found: dict[str, Path] = {}
    for folder in _folders():
        if folder.is_dir():
            for run in sorted(folder.iterdir()):
                if (run / CONFIG).is_file():
                    found.setdefault(run.name, run)
    return dict(sorted(found.items()))


def locate(path: str | Path) -> Path:
    """The path of a run given by path or name, or of a file in it (`NAME/weights…`).

    Anything else is returned unchanged; opening it then raises the error.
    """
    given = Path(path)
    if given.is_absolute() or str(path).startswith(".") or {".."} & {*given.parts}:
        return given
    own = None
    if given.parts and not os.path.lexists(given.parts[0]):
        own = _named(given.parts[0])
    return given if own is None else own.joinpath(*given.parts[1:])


def hidden_model(path: Path) -> Path | None:
    """The named model that a folder with the same name hides, or None."""
    own = _named(str(path))
    return own if own is not None and path.is_dir() else None


def _named(name: str) -> Path | None:
    """Like `named_models().get(name)`, but fast: it does not look at the other models."""
    if name != Path(name).name or name.startswith("."):
        return None
    runs = (folder / name for folder in _folders())
    return next((run for run in runs if (run / CONFIG).is_file()), None)


def _folders() -> list[Path]:
    """The folders that contain named models, the one with the highest priority first."""
    own = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return [*own, BRINGS]
