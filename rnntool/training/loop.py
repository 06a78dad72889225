"""The training loop of all tasks and models.

A `Task` provides batches and their loss. The loop does the rest: steps, schedule, clipping,
averaging, validation, the best weights, early stopping, checkpoints, and progress.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnntool.errors import UserError
from rnntool.formats.rundir import CHECKPOINT, EPOCHS, METRICS, WEIGHTS
from rnntool.reporting import Progress, Reporter
from rnntool.training.average import WeightAverage
from rnntool.training.backend import Backend, make_deterministic
from rnntool.training.checkpoint import Position, load_checkpoint, save_checkpoint, save_weights
from rnntool.training.epoch_figures import count_step, epoch_entry, running, summary
from rnntool.training.gradient import BatchGradient
from rnntool.training.group import Group
from rnntool.training.idle_rows import IdleVectors
from rnntool.training.interrupt import Interrupt
from rnntool.training.optim import Schedule, clip_gradient, make_optimizer, unfreeze
from rnntool.training.settings import TrainingSettings
from rnntool.training.shares import gather_shares, restore_shares
from rnntool.training.task import Task


@dataclass(frozen=True)
class Outcome:
    """The outcome of a training."""

    history: list[dict[str, Any]]  # one dict per epoch, as in metrics.jsonl
    best: dict[str, Any]  # the best epoch's entry
    seconds: float
    stopped_early: bool


class Trainer:
    """One training, into one folder.

    Args:
        folder: for `weights.safetensors` (of the best epoch), `metrics.jsonl`, and `checkpoint/`
            during the training.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        settings: TrainingSettings,
        backend: Backend,
        folder: Path,
        report: Reporter,
        group: Group | None = None,
    ) -> None:
        self.group = group or Group()
        self.model = model.to(backend.device)
        self.task, self.settings, self.backend = task, settings, backend
        self.folder, self.report = folder, report
        self.optimizer = make_optimizer(settings, model)
        steps = task.steps_per_epoch() * settings.epochs
        self.schedule = Schedule(settings, self.optimizer, steps)
        self.average = WeightAverage(model, settings.average) if settings.average else None
        self.idle = IdleVectors(model, self.optimizer, settings, self.average)
        self.idle.watch(backend)
        self.gradient = BatchGradient(model, task, backend, self.group)
        self.best: dict[str, Tensor] = {}
        self.interrupt = Interrupt(report)
        self.position = Position()
        self._clock = self._saved = 0.0  # when time was last counted; last checkpoint

    def run(self, resume: bool = False) -> Outcome:
        """Train, from the beginning or from the checkpoint in the folder.

        Raises:
            UserError: the loss is not finite, or the checkpoint is damaged.
            KeyboardInterrupt, SystemExit: after Ctrl-C or SIGTERM, once a checkpoint is written.
        """
        if self.settings.deterministic:
            make_deterministic()
        if resume and (self.folder / CHECKPOINT).is_dir():
            self._load()
        elif self.settings.keep_epochs:
            self._keep_epoch(0)
        stopped = self._should_stop()
        self._clock = self._saved = time.perf_counter()
        with self.interrupt:
            while self.position.epoch < self.settings.epochs and not stopped:
                self._epoch()
                stopped = self._should_stop()
                self._save()
                if self._asked()[0]:
                    self.interrupt.stop()
        self._count_time()
        if self.group.first:
            save_weights(self.folder / WEIGHTS, self.best)
        history = self.position.history
        return Outcome(
            history, history[self.position.best_epoch - 1], self.position.seconds, stopped
        )

    def _count_time(self) -> None:
        """Add the seconds since the last call to the training's total."""
        now = time.perf_counter()
        self.position.seconds += now - self._clock
        self._clock = now

    def _epoch(self) -> None:
        epoch = self.position.epoch + 1
        batches = self.task.epoch_batches(epoch)
        if self.settings.unfreeze:
            unfreeze(self.model, self.optimizer, epoch, self.settings.unfreeze)
        self.gradient.begin_epoch()
        self.model.train()
        with self.report.progress(
            f"epoch {epoch}/{self.settings.epochs}", self.task.examples_per_epoch(), self.task.unit,
            done=int(self.position.totals.get("count", 0)),
        ) as progress:  # fmt: skip
            for batch in batches[self.position.step :]:
                self._step(batch, progress)
                stop, due = self._asked()
                if stop or due:
                    self._save()
                if stop:
                    self.interrupt.stop()
        self.idle.catch_up()
        with self._averaged():
            self.model.eval()
            metrics: dict[str, float] = {}
            if self.group.first and self.task.validates:
                with torch.no_grad():
                    metrics = self.task.validate(self.model, self.backend.device)
            self._finish_epoch(epoch, self.group.from_first(metrics))

    def _checkpoint_due(self) -> bool:
        steps = self.settings.checkpoint_steps
        if steps and self.position.step % steps == 0:
            return True
        return 0 < 60 * self.settings.checkpoint_every < time.perf_counter() - self._saved

    def _asked(self) -> tuple[bool, bool]:
        """Whether any process was asked to stop, and whether the first wants a checkpoint."""
        stop, due = self.group.sum(
            self.interrupt.requested is not None, self.group.first and self._checkpoint_due()
        )
        return stop > 0, due > 0

    def _step(self, batch: Any, progress: Progress) -> None:
        started = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        result = self.gradient.put(batch)
        norm = clip_gradient(self.model.parameters(), self.settings.clip_norm)
        loss = (result.loss if result.nats is None else result.nats).item()
        self._refuse_divergence(loss, norm)
        self.idle.step()
        self.optimizer.step()
        self.schedule.after_step()
        if self.average:
            self.average.update(self.model)
        clipped = 0 < self.settings.clip_norm <= norm
        taken = time.perf_counter() - started
        count_step(self.position.totals, result, loss, norm, clipped, taken)
        self.position.step += 1
        self.task.after_step(self.model)
        progress.advance(result.count, **running(self.position.totals))

    def _refuse_divergence(self, loss: float, norm: float) -> None:
        if math.isfinite(loss) and math.isfinite(norm):
            return
        rate = self.optimizer.param_groups[0]["lr"]
        raise UserError(
            f"the loss is {loss} and the gradient's norm is {norm} at step"
            f" {self.position.step + 1} of epoch {self.position.epoch + 1}, with learning rate"
            f" {rate:.3g}",
            hint="try a smaller --lr or --clip-norm; the last good checkpoint is kept",
        )

    def _finish_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Record the epoch's figures, keep the weights if they are the best, move to the next."""
        position = self.position
        rate = self.optimizer.param_groups[0]["lr"]
        entry = epoch_entry(epoch, position.totals, metrics, rate)
        score = self._score(epoch, metrics)
        loss = metrics.get("loss", math.inf)
        position.history.append(entry)
        position.epoch, position.step, position.totals = epoch, 0, {}
        position.since_best += 1
        if (score, -loss) > (position.best_score, -position.best_loss):
            position.best_score, position.best_loss = score, loss
            position.best_epoch, position.since_best = epoch, 0
            self.best = {n: t.detach().cpu().clone() for n, t in self.model.state_dict().items()}
            if self.group.first:  # so that an interrupted training can be used
                save_weights(self.folder / WEIGHTS, self.best)
        if self.settings.keep_epochs:
            self._keep_epoch(epoch)
        self.schedule.after_epoch(score)
        self.report.event("epoch", entry, summary(entry))
        self._write_metrics()

    def _score(self, epoch: int, metrics: dict[str, float]) -> float:
        """The score, higher is better; without validation data, the last epoch is best."""
        if not metrics:
            return float(epoch)
        return metrics[self.task.monitor] * (1 if self.task.higher_is_better else -1)

    def _keep_epoch(self, epoch: int) -> None:
        if not self.group.first:
            return
        (self.folder / EPOCHS).mkdir(exist_ok=True)
        weights = {name: t.detach().clone() for name, t in self.model.state_dict().items()}
        save_weights(self.folder / EPOCHS / f"{epoch:03d}.safetensors", weights)

    def _write_metrics(self) -> None:
        if not self.group.first:
            return
        lines = [json.dumps(entry) + "\n" for entry in self.position.history]
        (self.folder / METRICS).write_text("".join(lines), encoding="utf-8")

    def _should_stop(self) -> bool:
        patience = self.settings.patience if self.task.validates else 0
        return patience > 0 and self.position.since_best >= patience

    def _averaged(self) -> contextlib.AbstractContextManager[None]:
        return self.average.applied(self.model) if self.average else contextlib.nullcontext()

    def _save(self) -> None:
        self._count_time()
        self._saved = time.perf_counter()
        shares = gather_shares(self.task, self.group)
        if not self.group.first:
            return
        self.position.schedule = self.schedule.state_dict()
        sets = {"best": self.best, "shares": shares, "idle": self.idle.state_dict()}
        if self.average:
            sets["average"] = self.average.weights
        save_checkpoint(
            self.folder / CHECKPOINT, self.model, self.optimizer, sets, vars(self.position)
        )

    def _load(self) -> None:
        sets, position = load_checkpoint(self.folder / CHECKPOINT, self.model, self.optimizer)
        self.position = Position(**position)
        self.best = sets.get("best", {})
        restore_shares(sets.get("shares", {}), self.task, self.group, self.backend.device)
        if self.average:
            self.average.restore(sets["average"])
        self.idle.load_state_dict(sets.get("idle", {}))
        self.schedule.load_state_dict(self.position.schedule)
        done = f"{self.position.epoch} epochs and {self.position.step} steps"
        self.report.note(f"resuming after {done}")
