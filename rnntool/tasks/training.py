"""The frame around a training: folder, backend, loop, and what the run then says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rnntool.data.chunks import Chunks, Place
from rnntool.data.sequences import Ints, bucketed_batches
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.training.backend import Backend, choose_backend
from rnntool.training.loop import Outcome, Trainer
from rnntool.training.rundir import training_directory
from rnntool.training.settings import TrainingSettings
from rnntool.training.task import Task


@dataclass(frozen=True)
class Job:
    """What is trained, once its inputs are read."""

    model: nn.Module
    task: Task
    settings: TrainingSettings
    config: RunConfig  # without results
    write: Callable[[Path], None]  # what answers will need, into the run directory
    results: dict[str, Any] = field(default_factory=dict)  # to note beside those of the training
    close: Callable[[], None] = lambda: None  # called at the end, however it ends


class RowTask(Task):
    """A task whose batches are rows of its training data, those of like length together.

    Args:
        lengths: [N] of the training rows.
        batch_size: rows a batch.
        seed: of their order.
        examples: what is counted, where it is not the rows.
    """

    def __init__(
        self, lengths: Ints, batch_size: int, seed: int, examples: int | None = None
    ) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        self.examples = len(lengths) if examples is None else examples

    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def examples_per_epoch(self) -> int:
        """Rows in one epoch, or tokens."""
        return self.examples

    def epoch_batches(self, epoch: int) -> list[Ints]:
        """Rows of each batch: a function of the seed and the epoch alone."""
        generator = np.random.default_rng([self.seed, epoch])
        return bucketed_batches(self.lengths, self.batch_size, generator)


class ChunkTask(Task):
    """A task whose batches are pieces of running text or of documents, read from a file."""

    unit = "tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks

    def steps_per_epoch(self) -> int:
        """Pieces in one epoch."""
        return len(self.chunks.places(1))

    def examples_per_epoch(self) -> int:
        """Tokens predicted in one epoch (by each direction)."""
        return self.chunks.tokens()

    def epoch_batches(self, epoch: int) -> list[Place]:
        """The epoch's pieces in their order."""
        return self.chunks.places(epoch)


def train_run(
    output: str,
    settings: TrainingSettings,
    prepare: Callable[[Path], Job],
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train into a run directory.

    Args:
        output: the run directory; `OUTPUT.partial` while the training runs.
        prepare: reads the inputs and makes the model; called with the folder under way, and with
            torch's seed set.
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
        job = prepare(folder.path)
        with contextlib.closing(job):
            folder.begin(job.config)
            job.write(folder.path)
            report.note(f"{parameters(job.model):,} parameters; training on {backend}")
            trainer = Trainer(job.model, job.task, job.settings, backend, folder.path, report)
            outcome = trainer.run(resume)
        results = summarize(outcome, job.model, backend) | job.results
        folder.finish(replace(job.config, results=results))
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
