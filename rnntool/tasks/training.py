"""The frame around a training: folder, backend, loop, and what the run then says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rnntool.data.sequences import Ints, bucketed_batches
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.training.backend import Backend, choose_backend
from rnntool.training.loop import Outcome, Task, Trainer
from rnntool.training.rundir import training_directory
from rnntool.training.settings import TrainingSettings


@dataclass(frozen=True)
class Job:
    """What is trained, once its inputs are read."""

    model: nn.Module
    task: Task
    settings: TrainingSettings
    config: RunConfig  # without results
    write: Callable[[Path], None]  # what answers will need, into the run directory


class RowTask(Task):
    """A task whose batches are rows of its training data, those of like length together.

    Args:
        lengths: [N] of the training rows.
        batch_size: rows a batch.
        seed: of their order.
    """

    def __init__(self, lengths: Ints, batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed

    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def examples_per_epoch(self) -> int:
        """Rows in one epoch."""
        return len(self.lengths)

    def epoch_batches(self, epoch: int) -> list[Ints]:
        """Rows of each batch: a function of the seed and the epoch alone."""
        generator = np.random.default_rng([self.seed, epoch])
        return bucketed_batches(self.lengths, self.batch_size, generator)


def train_run(
    output: str,
    settings: TrainingSettings,
    prepare: Callable[[], Job],
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train into a run directory.

    Args:
        output: the run directory; `OUTPUT.partial` while the training runs.
        prepare: reads the inputs and makes the model; called with torch's seed set.
        resume: go on from an interrupted training's checkpoint, if there is one.

    Returns:
        The run directory and what the training came to.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """
    with training_directory(output, force=force, resume=resume) as folder:
        backend = choose_backend(settings.device, settings.precision, settings.threads)
        backend.activate()
        torch.manual_seed(settings.seed)
        job = prepare()
        folder.begin(job.config)
        job.write(folder.path)
        report.note(f"{parameters(job.model):,} parameters; training on {backend}")
        trainer = Trainer(job.model, job.task, job.settings, backend, folder.path, report)
        outcome = trainer.run(resume)
        folder.finish(replace(job.config, results=summarize(outcome, job.model, backend)))
    return Path(output), outcome


def summarize(outcome: Outcome, model: nn.Module, backend: Backend) -> dict[str, Any]:
    """What the run's `config.yaml` says after the training."""
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
    """How many numbers a model learns or keeps."""
    return sum(p.numel() for p in model.parameters())
