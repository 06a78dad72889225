"""What the shell offers after a TAB where an argument is a run, a bundled model or a label."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable
from pathlib import Path

from typer.models import ParameterInfo

_RUNS = ("run", "a", "b", "init", "features", "init_from", "distil", "ensemble")
_LABELS = ("otherwise", "label")
_MOST = 200  # names that are offered


def complete_runs(incomplete: str) -> list[str]:
    """Run directories that begin so, those in a folder that begins so, and bundled models."""
    from rnntool.formats.run_names import named_models

    typed = Path(incomplete)
    parent = typed if incomplete.endswith("/") else typed.parent
    start = "" if incomplete.endswith("/") else typed.name
    found = [name for name in named_models() if name.startswith(incomplete)]
    for folder in _folders(parent):
        if folder.name.startswith(start):
            inside = [folder] if _is_run(folder) else _folders(folder)
            found += [str(place) for place in inside if _is_run(place)]
    return found[:_MOST]


def complete_labels(incomplete: str) -> list[str]:
    """The labels of the run that stands among the words typed."""
    from rnntool.formats.run_names import named_models
    from rnntool.formats.rundir import LABELS

    models = named_models()
    # As the shells' scripts tell it: click knows no argument while an option lacks its value.
    typed = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    for word in typed.split()[2:]:
        place = models.get(word, Path(word)) / LABELS
        if place.is_file():
            labels = place.read_text(encoding="utf-8", errors="replace").splitlines()
            return [label for label in labels if label.startswith(incomplete)][:_MOST]
    return []


def completer_of(name: str) -> Callable[..., list[str]] | None:
    """What completes the values of a parameter, if they can be."""
    if name in _RUNS:
        return complete_runs
    return complete_labels if name in _LABELS else None


def add_completion(parameter: inspect.Parameter) -> None:
    """Let the shell complete a parameter that a command has declared."""
    for info in typing.get_args(parameter.annotation)[1:]:
        if isinstance(info, ParameterInfo):
            info.autocompletion = info.autocompletion or completer_of(parameter.name)


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError:
        return []


def _is_run(folder: Path) -> bool:
    from rnntool.formats.rundir import CONFIG

    return (folder / CONFIG).is_file()
