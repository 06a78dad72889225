"""Repeat a training with several seeds or folds, and report the mean of the results.

The runs are in one folder, `seed-1`, `fold-2` or `seed-1-fold-2`, with `runs.tsv`:
a row for each, then mean and standard deviation (of a sample: n - 1).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnntool import tasks
from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, read_config
from rnntool.formats.writing import write_text
from rnntool.machine import process_count
from rnntool.reporting import Reporter
from rnntool.training.settings import TrainingSettings

TABLE = "runs.tsv"
_NAME = re.compile(r"(seed-\d+)?-?(fold-\d+)?(\.partial)?")
_COUNTS = ("documents",)  # figures that are counts, not measures of quality


@dataclass(frozen=True)
class Repeated:
    """The figures of several runs."""

    runs: dict[str, Mapping[str, float]]  # name -> figures

    @property
    def names(self) -> list[str]:
        """The figures that every run has."""
        first, *others = self.runs.values()
        return [name for name in first if all(name in own for own in others)]

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean and standard deviation of each figure."""
        from statistics import mean, stdev

        columns = {name: [own[name] for own in self.runs.values()] for name in self.names}
        several = len(self.runs) > 1
        return {
            "mean": {name: mean(values) for name, values in columns.items()},
            "sd": {name: stdev(values) if several else 0.0 for name, values in columns.items()},
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {"runs": {name: dict(own) for name, own in self.runs.items()}, **self.summary()}

    def tables(self) -> list[tuple[list[str], list[list[Any]]]]:
        """A row for each run, then mean and standard deviation."""
        rows = {**self.runs, **self.summary()}
        return [
            (["run", *self.names],
             [[run, *(own[name] for name in self.names)] for run, own in rows.items()])
        ]  # fmt: skip


def train_repeatedly(
    task: str,
    inputs: list[str],
    output: str,
    settings: TrainingSettings,
    seeds: list[int],
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> Repeated:
    """Train a task once for each seed and each fold, one after the other.

    Args:
        inputs: as `tasks.train` takes them; none may be standard input, which is read once.
        output: the folder of the runs.
        seeds: the seeds; empty: the seed of the settings.
        force: replace existing runs.
        resume: continue interrupted runs; finished ones are kept.

    Raises:
        UserError: something else is in the folder, or a training fails.
    """
    if process_count() > 1:
        raise UserError("--seeds and --folds train in one process", hint="leave out torchrun")
    if "-" in inputs:
        raise UserError("is read once, and several runs train on it", where="standard input",
                        hint="give a file")  # fmt: skip
    folds = getattr(settings, "folds", 0)
    _require_own(Path(output), force or resume)
    found: dict[str, Mapping[str, float]] = {}
    for seed in seeds or [settings.seed]:
        for fold in range(1, folds + 1) if folds else [0]:
            parts = [f"seed-{seed}"] if seeds else []
            parts += [f"fold-{fold}"] if fold else []
            name = "-".join(parts)
            changes: dict[str, Any] = {"fold": fold} if fold else {}
            own = replace(settings, seed=seed, **changes)
            report.note(f"{output}/{name}")
            run, _ = tasks.train(
                task, inputs, f"{output}/{name}", own, report, force=force, resume=resume
            )
            found[name] = _figures(run)
    repeated = Repeated(found)
    _write(Path(output) / TABLE, repeated)
    return repeated


def parse_seeds(text: str | None) -> list[int]:
    """The seeds of `--seeds 1,2,3`; none without it.

    Raises:
        UserError: it is no list of different whole numbers.
    """
    if text is None:
        return []
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words) or len(set(map(int, words))) < len(words):
        raise UserError(f"--seeds is {text!r}", hint="give different whole numbers: 1,2,3")
    return [int(word) for word in words]


def runs_of(path: str) -> list[Path]:
    """The runs in a folder of `train --seeds` or `--folds`; empty if it is not such a folder."""
    folder = Path(path)
    if not (folder / TABLE).is_file() or (folder / CONFIG).exists():
        return []
    return sorted((p for p in folder.iterdir() if (p / CONFIG).is_file()), key=_by_number)


def evaluate_each(
    runs: list[Path], evaluate: Callable[[str], tasks.Figures], report: Reporter
) -> Repeated:
    """The figures of several runs on the same data."""
    found: dict[str, Mapping[str, float]] = {}
    for run in runs:
        report.note(str(run))
        values = evaluate(str(run)).as_dict()
        found[run.name] = {
            name: value for name, value in values.items()
            if isinstance(value, (int, float)) and name not in _COUNTS
        }  # fmt: skip
    return Repeated(found)


def _by_number(run: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", run.name)]


def _figures(run: Path) -> dict[str, float]:
    """The results of a run's training: on its held-out fold, or on validation data."""
    results = read_config(run).results
    prefix = "test_" if any(name.startswith("test_") for name in results) else "validation_"
    figures = {n.removeprefix(prefix): v for n, v in results.items() if n.startswith(prefix)}
    return {f"{prefix.rstrip('_')} {name}": value for name, value in figures.items()} | {
        "best epoch": results["best_epoch"], "seconds": results["seconds"]
    }  # fmt: skip


def _require_own(folder: Path, replaceable: bool) -> None:
    """Raise a UserError if the folder has other files, or runs that may not be replaced."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise UserError("is a file, not a folder", where=folder, hint="give another name")
    entries = [entry.name for entry in folder.iterdir()]
    others = [name for name in entries if name != TABLE and not _NAME.fullmatch(name)]
    if others:
        raise UserError(f"holds other files ({', '.join(sorted(others)[:3])})", where=folder,
                        hint="give another name for the runs' folder")  # fmt: skip
    if entries and not replaceable:
        raise UserError("exists already", where=folder,
                        hint="give --resume to go on, or --force to train anew")  # fmt: skip


def _write(path: Path, repeated: Repeated) -> None:
    ((headings, rows),) = repeated.tables()
    with write_text(str(path)) as sink:
        for row in (headings, *rows):
            sink.write("\t".join(map(str, row)) + "\n")
