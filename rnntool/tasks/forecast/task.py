"""Forecasting, many to one with numbers: data, loss and metrics, and `train forecast`.

Shapes: B batch, W window, S horizon, C columns, K targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rnntool.configuration import as_dict
from rnntool.data.sequences import Ints
from rnntool.data.windows import Windows, cut
from rnntool.errors import UserError, one_of
from rnntool.formats.rundir import RunConfig, write_labels
from rnntool.formats.series import Series, read_series
from rnntool.models.forecaster import Forecaster
from rnntool.reporting import Reporter
from rnntool.runs.start import library_versions, noted_inputs
from rnntool.runs.train import Job, share_rows, train_run
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult, Task

_EVAL_WINDOWS = 1024
_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
}


@dataclass(frozen=True)
class Prepared:
    """Everything a training needs of its input."""

    train: Windows
    validation: Windows
    columns: list[str]
    targets: list[int]
    mean: NDArray[np.float32]  # [C]
    deviation: NDArray[np.float32]  # [C]

    def write(self, folder: Path) -> None:
        """The names of the columns: those that are forecast are the labels."""
        write_labels(folder, [self.columns[k] for k in self.targets])


class ForecastTask(Task):
    """What the training loop asks for."""

    unit = "windows"
    monitor = "rmse"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: ForecastSettings) -> None:
        self.prepared, self.settings = prepared, settings

    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-len(self.prepared.train) // self.settings.batch_size)

    def examples_per_epoch(self) -> int:
        """Windows in one epoch."""
        return len(self.prepared.train)

    def epoch_batches(self, epoch: int) -> list[Ints]:
        """Windows of each batch: a function of the seed and the epoch alone."""
        generator = np.random.default_rng([self.settings.seed, epoch])
        order = generator.permutation(len(self.prepared.train))
        size = self.settings.batch_size
        return [order[n : n + size] for n in range(0, len(order), size)]

    def share(self, batch: Ints, rank: int, size: int) -> Ints | None:
        """Every `size`-th window."""
        return share_rows(batch, rank, size)

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """The loss of one batch, in units of the training part's deviation."""
        forecaster, windows = cast(Forecaster, model), self.prepared.train
        window = torch.from_numpy(windows.read(batch)).to(device)
        ahead = torch.from_numpy(windows.ahead(batch, list(range(windows.values.shape[1]))))
        truth = forecaster.scale(ahead.to(device))[:, :, self.prepared.targets]
        loss = _LOSSES[self.settings.loss](forecaster(window), truth)
        return StepResult(loss, len(batch))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """RMSE and MAE in the targets' own units, over targets and steps; the loss is scaled."""
        windows, targets = self.prepared.validation, self.prepared.targets
        forecasts = forecast_windows(cast(Forecaster, model), windows, device)
        errors = forecasts - windows.ahead(np.arange(len(windows)), targets)
        scaled = torch.from_numpy(errors / self.prepared.deviation[targets])
        loss = _LOSSES[self.settings.loss](scaled, torch.zeros_like(scaled))
        return {"loss": float(loss), **summary(errors)}


def forecast_windows(
    model: Forecaster, windows: Windows, device: torch.device
) -> NDArray[np.float32]:
    """[N, S, K] forecasts in the targets' own units."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(windows), _EVAL_WINDOWS):
            which = np.arange(start, min(start + _EVAL_WINDOWS, len(windows)))
            scaled = model(torch.from_numpy(windows.read(which)).to(device))
            parts.append(model.unscale(scaled).cpu().numpy())
    return np.concatenate(parts)


def train_forecast(
    data: str,
    output: str,
    settings: ForecastSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on a series into a run directory.

    Raises:
        UserError: the series cannot be used, or the loss is not finite.
    """

    def job(_: Path) -> Job:
        prepared = prepare(data, settings, report)
        model = build_model(settings, len(prepared.columns), prepared.targets)
        model.mean.copy_(torch.from_numpy(prepared.mean))
        model.deviation.copy_(torch.from_numpy(prepared.deviation))
        inputs = noted_inputs({"train": data}) | {"columns": prepared.columns}
        config = RunConfig("forecast", as_dict(settings), "none", inputs, library_versions())
        return Job(model, ForecastTask(prepared, settings), settings, config, prepared.write)

    return train_run(output, settings, job, report, force=force, resume=resume)


def build_model(settings: ForecastSettings, columns: int, targets: list[int]) -> Forecaster:
    """A fresh forecaster, its scale still 1."""
    zeros, ones = torch.zeros(columns), torch.ones(columns)
    return Forecaster(settings, columns, targets, settings.horizon, zeros, ones)


def prepare(path: str, settings: ForecastSettings, report: Reporter) -> Prepared:
    """Read the series, and split it by time.

    Raises:
        UserError: it cannot be used, is shorter than the window, or a column is constant.
    """
    series = read_series(path, listed(settings.columns), settings.encoding)
    targets = target_places(series.columns, settings.target, path)
    held, test = split_rows(len(series), settings)
    train = cut(series.values, 0, held, settings.window, settings.horizon, settings.stride)
    validation = cut(series.values, held, test, settings.window, settings.horizon)
    if not len(train) or not len(validation):
        raise UserError(
            f"{len(series):,} rows, {held:,} of them to train on: too few for --window"
            f" {settings.window} and --horizon {settings.horizon}",
            where=path,
        )
    mean, deviation = series.values[:held].mean(axis=0), series.values[:held].std(axis=0)
    for column, spread in zip(series.columns, deviation, strict=True):
        if spread < 1e-12:
            raise UserError(
                f"column {column!r} is constant over the {held:,} rows to train on",
                where=path, hint="leave it out with --columns",
            )  # fmt: skip
    note_series(series, report)
    report.note(
        f"{path}: {len(train):,} windows to train on, {len(validation):,} to validate on,"
        f" {len(series) - test:,} rows kept for eval; reads {', '.join(series.columns)};"
        f" forecasts {', '.join(series.columns[k] for k in targets)}"
    )
    return Prepared(
        train, validation, series.columns, targets, mean.astype(np.float32),
        deviation.astype(np.float32),
    )  # fmt: skip


def note_series(series: Series, report: Reporter) -> None:
    """Warn of jumps in time: the rows are taken as if they were evenly spaced."""
    gaps = series.gaps()
    if gaps:
        report.warn(
            f"{series.path}: time jumps before {len(gaps)} rows, first before line {gaps[0]};"
            " the rows are read as if they followed each other"
        )


def split_rows(rows: int, settings: ForecastSettings) -> tuple[int, int]:
    """Where the validation part begins, and where the test part does."""
    test = rows - round(rows * settings.test)
    return test - max(1, round(rows * settings.validation)), test


def listed(names: str | None) -> list[str] | None:
    """Names with commas between them."""
    return None if names is None else [name.strip() for name in names.split(",")]


def target_places(columns: list[str], target: str | None, path: str) -> list[int]:
    """Which of the columns are forecast.

    Raises:
        UserError: one of them is not read.
    """
    wanted = listed(target) or columns
    for name in wanted:
        if name not in columns:
            raise UserError(f"--target {name!r} is none of the columns", where=path,
                            hint=one_of(name, columns))  # fmt: skip
    return [columns.index(name) for name in wanted]


def summary(errors: NDArray[Any]) -> dict[str, float]:
    """MAE and RMSE of errors, whatever their shape."""
    return {"mae": float(np.abs(errors).mean()), "rmse": float(np.sqrt((errors**2).mean()))}
