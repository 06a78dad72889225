"""Search the settings of a task with Optuna: each trial is a `train` command.

Each trial runs in a separate process, so that its memory is freed and a failure affects nothing
else. The study is kept in a journal beside the trials, from which a search can continue.
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rnntool.configuration import read_config as read_settings
from rnntool.errors import UserError, one_of
from rnntool.formats.run_folder import partial_path, require_no_strangers, require_replaceable
from rnntool.formats.rundir import read_config
from rnntool.formats.writing import replace_directory, write_text
from rnntool.registry import TASKS
from rnntool.reporting import Reporter
from rnntool.runs.open import open_run
from rnntool.runs.search_settings import SearchSettings

BEST, JOURNAL, TABLE = "best", "study.journal", "trials.tsv"
_SPENT = "the time budget ended before the trial"
# The first of these figures that a task has decides; True: higher is better.
_FIGURES = {
    "validation_f1": True,
    "validation_accuracy": True,
    "validation_rmse": False,
    "validation_loss": False,
}


def search(
    task: str,
    inputs: list[str],
    space_file: str,
    output: str,
    settings: SearchSettings,
    report: Reporter,
    *,
    resume: bool = False,
) -> list[dict[str, Any]]:
    """Try settings of a task, and keep the best run in `OUTPUT/best`.

    Returns:
        The trials, best first: number, score, seconds, settings.

    Raises:
        UserError: the space names no setting, `output` exists already, or no trial succeeded.
    """
    optuna = _optuna()
    base = {} if settings.base is None else read_settings(settings.base)
    space = read_space(space_file, task, base)
    folder = Path(output)
    _require_own(folder, resume)
    cells = _grid(space) if settings.method == "grid" else []
    folder.mkdir(parents=True, exist_ok=True)
    study = _study(optuna, folder, settings)
    _tidy(study, folder, optuna.trial.TrialState.FAIL)
    limit = min(n for n in (settings.trials, len(cells), math.inf) if n)
    deadline = time.monotonic() + 60 * settings.minutes
    with report.progress("searching", settings.trials or None, "trials") as progress:
        while len(ended := _ended(study)) < limit and time.monotonic() < deadline:
            if cells:
                tried = [trial.params for trial in ended]
                study.enqueue_trial(next(cell for cell in cells if cell not in tried))
            trial = study.ask()
            drawn = {name: _draw(trial, name, kind) for name, kind in space.items()}
            score = _run_trial(trial.number, task, inputs, base | drawn, folder, deadline, trial)
            if score is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, score)
                _keep_best(folder, trial.number)
            report.note(f"trial {trial.number}: {_shown(drawn)}: {_outcome(trial, score)}")
            progress.advance()
    return _finish(study, folder)


def read_space(path: str, task: str, base: Mapping[str, Any]) -> dict[str, Any]:
    """Read the space: a list is a choice, `{low, high}` a range (`log: true`, `step: …`).

    Raises:
        UserError: a name is not a setting of the task, or a range is invalid.
    """
    if task not in TASKS:
        raise UserError(f"unknown task {task!r}", hint=one_of(task, TASKS))
    module = importlib.import_module(f"rnntool.tasks.{task}.settings")
    known = {field.name for field in fields(getattr(module, TASKS[task].settings))}
    space = read_settings(path)
    for name in [*space, *base]:
        if name not in known:
            raise UserError(f"{task} has no setting {name!r}", where=path, hint=one_of(name, known))
    for name, kind in space.items():
        if isinstance(kind, list) and kind:
            continue
        if not isinstance(kind, dict) or not {"low", "high"} <= set(kind) or not (
            set(kind) <= {"low", "high", "log", "step"} and kind["low"] < kind["high"]
        ):  # fmt: skip
            raise UserError(
                f"{name}: {kind!r} is neither a list of choices nor a range", where=path,
                hint="write [a, b, c], or {low: 0.001, high: 0.01, log: true}",
            )  # fmt: skip
    if not space:
        raise UserError("contains no setting to search", where=path)
    return space


def _require_own(folder: Path, resume: bool) -> None:
    """Raise a UserError if the folder exists and is not a search that can continue."""
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / JOURNAL).is_file():
        raise UserError("exists already, and was not written by search", where=folder,
                        hint="give another name")  # fmt: skip
    if not resume:
        raise UserError("exists already", where=folder, hint="give --resume to continue it")
    require_replaceable(folder / BEST, force=True)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UserError("search needs Optuna", hint="pip install 'rnntool[search]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _grid(space: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the choices."""
    ranges = [name for name, kind in space.items() if not isinstance(kind, list)]
    if ranges:
        raise UserError(f"--method grid needs lists, but {ranges[0]} is a range")
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def _study(optuna: Any, folder: Path, settings: SearchSettings) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    model = (
        optuna.samplers.TPESampler if settings.method == "tpe" else optuna.samplers.RandomSampler
    )
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
        study_name="search", load_if_exists=True, direction="maximize",
    )  # fmt: skip
    # With the same seed, a search that continues would draw its first trials again.
    study.sampler = model(seed=settings.seed + len(study.get_trials(deepcopy=False)))
    return study


def _tidy(study: Any, folder: Path, failed: Any) -> None:
    """Clean up after a killed search: drop an unfinished trial, and keep the best finished one."""
    for trial in study.get_trials(deepcopy=False):
        run = folder / f"trial-{trial.number}"
        rests = (run, partial_path(str(run)))
        for rest in rests:
            require_no_strangers(rest)
        if not trial.state.is_finished():
            study.tell(trial.number, state=failed)
        if trial.value is not None and run.is_dir():
            _keep_best(folder, trial.number)
        for rest in rests:
            shutil.rmtree(rest, ignore_errors=True)
        (folder / f"trial-{trial.number}.yaml").unlink(missing_ok=True)


def _ended(study: Any) -> list[Any]:
    """Trials that succeeded or failed, but were not killed or stopped by the budget."""
    trials = study.get_trials(deepcopy=False)
    return [t for t in trials if t.value is not None or "error" in t.user_attrs]


def _draw(trial: Any, name: str, kind: Any) -> Any:
    if isinstance(kind, list):
        return trial.suggest_categorical(name, kind)
    low, high, log = kind["low"], kind["high"], bool(kind.get("log", False))
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, step=kind.get("step", 1), log=log)
    return trial.suggest_float(name, float(low), float(high), step=kind.get("step"), log=log)


def _run_trial(
    number: int, task: str, inputs: list[str], values: dict[str, Any], folder: Path,
    deadline: float, trial: Any,
) -> float | None:  # fmt: skip
    """Run one training and return its score (higher is better), or None; note any error."""
    import yaml

    run, config = folder / f"trial-{number}", folder / f"trial-{number}.yaml"
    config.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "rnntool", "train", task, *inputs, "-o", str(run),
               "--config", str(config), "--force", "--quiet"]  # fmt: skip
    started, stopped, said = time.monotonic(), False, ""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _, said = process.communicate(timeout=max(0.0, deadline - started))
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate()
        stopped = True
    except BaseException:
        process.terminate()
        process.communicate()
        shutil.rmtree(folder / f"trial-{number}.partial", ignore_errors=True)
        raise
    config.unlink()
    shutil.rmtree(folder / f"trial-{number}.partial", ignore_errors=True)
    trial.set_user_attr("seconds", round(time.monotonic() - started, 1))
    if not run.is_dir():
        lines = said.strip().splitlines() or ["it ended without a message"]
        if not stopped:
            trial.set_user_attr("error", lines[-1].removeprefix("rnntool: error: "))
        return None
    figure, score = _score(run)
    trial.set_user_attr("figure", figure)
    trial.set_user_attr("loss", -_rank(run)[1])
    return score


def _rank(run: Path) -> tuple[float, float]:
    """The order of runs: by score, and with equal scores by lower validation loss."""
    loss = float(read_config(run).results.get("validation_loss", math.inf))
    return _score(run)[1], -loss


def _score(run: Path) -> tuple[str, float]:
    """The figure that decides, and the score (higher is better)."""
    results = read_config(run).results
    monitor = f"validation_{results.get('monitor')}"
    if monitor in results:  # the task has several to choose from
        value = float(results[monitor])
        return monitor, -value if monitor == "validation_loss" else value
    for figure, more_is_better in _FIGURES.items():
        if figure in results:
            value = float(results[figure])
            return figure, value if more_is_better else -value
    raise UserError("has no validation figure", where=run)


def _keep_best(folder: Path, number: int) -> None:
    """Keep a trial's run if it is the best so far."""
    run, best = folder / f"trial-{number}", folder / BEST
    if best.is_dir() and _rank(run) <= _rank(best):
        shutil.rmtree(run)
    else:
        require_replaceable(best, force=True)
        replace_directory(run, best)


def _outcome(trial: Any, score: float | None) -> str:
    attributes = trial.user_attrs
    if score is None:
        return f"failed: {attributes['error']}" if "error" in attributes else _SPENT
    return f"{attributes['figure']} {abs(score):.4f} in {attributes['seconds']:.0f} s"


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def _finish(study: Any, folder: Path) -> list[dict[str, Any]]:
    """Write the trials as a table into the folder, and return them as rows, best first."""
    rows: list[dict[str, Any]] = []
    errors = []
    for trial in study.get_trials(deepcopy=False):
        attributes = trial.user_attrs
        if trial.value is None:
            errors.append(attributes.get("error", _SPENT))
            continue
        figure = attributes["figure"]
        row = {"trial": trial.number, figure: abs(trial.value), "seconds": attributes["seconds"]}
        rank = (-trial.value, attributes.get("loss", math.inf))
        rows.append({**row, **trial.params, "_rank": rank})
    if not rows:
        reason = errors[0] if errors else _SPENT
        raise UserError(f"no trial succeeded: {reason}", where=folder)
    rows.sort(key=lambda row: row["_rank"])
    for row in rows:
        del row["_rank"]
    open_run(str(folder / BEST))  # check that it is complete
    with write_text(str(folder / TABLE)) as sink:
        sink.write("\t".join(rows[0]) + "\n")
        sink.writelines("\t".join(map(str, row.values())) + "\n" for row in rows)
    return rows
