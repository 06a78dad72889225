"""The frame of every training: run directory, device, processes, loop, and results."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from rnntool.formats.run_folder import partial_path
from rnntool.formats.rundir import RunConfig, read_config, read_metrics
from rnntool.machine import keep_freed_memory
from rnntool.reporting import Reporter
from rnntool.training.backend import BF16_WIDTH, EMULATED, Backend, choose_backend
from rnntool.training.folder import TrainingFolder, training_directory
from rnntool.training.group import joined_group
from rnntool.training.loop import Outcome, Trainer
from rnntool.training.settings import TrainingSettings
from rnntool.training.task import Task


def do_nothing(run: Path, report: Reporter) -> None:
    """The default of `Job.finished`."""


@dataclass(frozen=True)
class Job:
    """A training that is ready to start."""

    model: nn.Module
    task: Task
    settings: TrainingSettings
    config: RunConfig  # without results
    write: Callable[[Path], None]  # writes what predictions need into the run directory
    results: dict[str, Any] = field(default_factory=dict)  # noted in addition to the training's
    close: Callable[[], None] = lambda: None  # called at the end, also after an error
    # Called with the model that is kept; returns figures for the results, on held-out data.
    score: Callable[[nn.Module, torch.device], dict[str, Any]] | None = None
    finished: Callable[[Path, Reporter], None] = do_nothing  # called with the finished run


def train_run(
    output: str,
    settings: TrainingSettings,
    prepare: Callable[[Path], Job],
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train into a run directory. Under torchrun, several processes train and the first one writes.

    Args:
        output: the run directory; `OUTPUT.partial` during the training.
        prepare: reads the inputs and makes the model; called with the folder of the training, after
            torch's seed is set.
        force: replace an existing run or an interrupted training.
        resume: continue from the checkpoint of an interrupted training, if there is one; a finished
            run with the same inputs and settings is kept.

    Returns:
        The run directory and the outcome of the training.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(joined_group(settings.device))
        folder = None
        if group.first:
            folder = stack.enter_context(training_directory(output, force=force, resume=resume))
        scratch = folder.path if folder else Path(stack.enter_context(TemporaryDirectory()))
        _choose_backend(settings).activate()
        torch.manual_seed(settings.seed)
        with contextlib.closing(prepare(scratch)) as job:
            if folder is not None:
                folder.begin(job.config)
            # The other processes must not read a checkpoint before the first has locked the folder.
            if group.from_first(folder is not None and folder.done):
                return _finished_before(output, folder, report)
            if folder is not None:
                job.write(folder.path)
            group.wait()
            group.seed(settings.seed)
            backend = _choose_backend(job.settings)
            backend.activate()
            if backend.device.type == "cpu":
                keep_freed_memory()
            if backend.emulated:
                report.warn(EMULATED)
            together = f" in {group.size} processes" if group.size > 1 else ""
            report.note(f"{parameters(job.model):,} parameters; training on {backend}{together}")
            if not job.task.validates:
                report.note("no validation data; all epochs are trained, and the last one is kept")
            place = partial_path(output)
            trainer = Trainer(job.model, job.task, job.settings, backend, place, report, group)
            outcome = trainer.run(resume)
            scored = {}
            if folder is not None and job.score is not None:
                job.model.load_state_dict(trainer.best)
                scored = job.score(job.model.eval(), backend.device)
        if folder is not None:
            results = summarize(outcome, job.model, backend) | job.results | scored
            folder.finish(replace(job.config, results=results))
            job.finished(Path(output), report)
    return Path(output), outcome


def _choose_backend(settings: TrainingSettings) -> Backend:
    width = getattr(settings, "hidden", BF16_WIDTH)
    return choose_backend(settings.device, settings.precision, settings.threads, width)


def _finished_before(
    output: str, folder: TrainingFolder | None, report: Reporter
) -> tuple[Path, Outcome]:
    """The existing run, marked as newer than its inputs, and the outcome of its training."""
    run = Path(output)
    history = read_metrics(run)
    results = read_config(run).results
    if folder is not None:
        folder.touch()
        report.note(f"{output}: already trained with the same inputs and settings")
    best = history[results["best_epoch"] - 1]
    return run, Outcome(history, best, results["seconds"], stopped_early=False)


def summarize(outcome: Outcome, model: nn.Module, backend: Backend) -> dict[str, Any]:
    """The results of the training in the run's `config.yaml`."""
    best = outcome.best
    return {
        "best_epoch": best["epoch"],
        **{name: value for name, value in best.items() if name.startswith("validation_")},
        "epochs": len(outcome.history),
        "seconds": round(outcome.seconds, 1),
        "parameters": parameters(model),
        "backend": str(backend),
    }


def parameters(model: nn.Module) -> int:
    """The number of a model's parameters, including frozen ones."""
    return sum(p.numel() for p in model.parameters())
