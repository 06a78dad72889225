"""The facts about a run for a report: model, data, command, results."""

from __future__ import annotations

import importlib
import shlex
from dataclasses import dataclass, fields
from typing import Any

from rnntool.configuration import flag_of
from rnntool.formats.rundir import Run
from rnntool.inspection.describe import describe_run
from rnntool.registry import TASKS
from rnntool.tables import format_cell

_SIZES = ("cell", "encoder", "layers", "hidden", "bidirectional", "embedding_dim", "pooling",
          "crf", "characters", "window", "horizon", "softmax")  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """A run in words and numbers."""

    name: str
    task: str
    command: str  # the command that trains such a run
    inputs: list[tuple[str, str, str]]  # name, path, sha256
    settings: list[tuple[str, str]]  # settings that differ from their defaults
    versions: list[tuple[str, str]]
    figures: dict[str, str]  # sizes and results, for the table that compares runs


def facts_of(run: Run, name: str) -> Facts:
    """Read the facts from a run directory.

    Raises:
        UserError: its weights are damaged.
    """
    found, config = describe_run(str(run.path)), run.config
    changed = found.changed_settings()
    inputs = [
        (key.replace("_", " "), str(own.get("path")), str(own.get("sha256") or "")[:12])
        for key, own in config.inputs.items()
        if isinstance(own, dict)
    ]
    figures = {"task": config.task, "tokenizer": config.tokenizer}
    figures |= {key.replace("_", " "): format_cell(config.settings[key])
                for key in _SIZES if key in config.settings}  # fmt: skip
    figures |= {"vocabulary": f"{len(run.vocabulary):,}", "parameters": f"{found.parameters:,}"}
    figures |= {key.replace("_", " "): format_cell(value) for key, value in config.results.items()
                if isinstance(value, (int, float, str)) and key not in ("parameters",)}  # fmt: skip
    return Facts(
        name, config.task, command_of(run, name, changed), inputs,
        [(key.replace("_", " "), _shown(value)) for key, value in changed.items()],
        list(config.versions.items()), figures,
    )  # fmt: skip


def command_of(run: Run, name: str, changed: dict[str, Any]) -> str:
    """The command that trains such a run: its inputs, and the settings that are not defaults."""
    config = run.config
    known = {}
    if config.task in TASKS:
        module = importlib.import_module(f"rnntool.tasks.{config.task}.settings")
        known = {f.name: f for f in fields(getattr(module, TASKS[config.task].settings))}
    words = ["rnntool", "train", config.task]
    words += [
        str(own.get("path"))
        for key, own in config.inputs.items()
        if isinstance(own, dict) and key.split()[0] not in known
    ]  # "distil 1" is a setting
    words += ["-o", name]
    for key, value in changed.items():
        if key not in known or value is None:
            continue
        flag = flag_of(key, known[key].metadata)
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
            continue
        for own in value if isinstance(value, (list, tuple)) else [value]:
            words += [flag, str(own)]
    return shlex.join(words)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
