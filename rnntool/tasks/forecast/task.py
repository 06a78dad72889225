"""Forecasting, many to one with numbers: batches, loss and validation.

Shapes: B batch, W window, S horizon, C columns, K targets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rnntool.data.sequences import Ints
from rnntool.data.windows import Windows
from rnntool.models.forecaster import Forecaster
from rnntool.runs.batches import share_rows
from rnntool.tasks.forecast.data import Prepared
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.training.task import StepResult, Task

_EVAL_WINDOWS = 1024
_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
}


class ForecastTask(Task):
    """Batches, loss and validation of a forecaster, for the training loop."""

    unit = "windows"
    monitor = "rmse"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: ForecastSettings) -> None:
        self.prepared, self.settings = prepared, settings
        self.validates = len(prepared.validation) > 0

    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""
        return -(-len(self.prepared.train) // self.settings.batch_size)

    def examples_per_epoch(self) -> int:
        """Number of windows in one epoch."""
        return len(self.prepared.train)

    def epoch_batches(self, epoch: int) -> list[Ints]:
        """The windows of each batch; they depend only on the seed and the epoch."""
        generator = np.random.default_rng([self.settings.seed, epoch])
        order = generator.permutation(len(self.prepared.train))
        size = self.settings.batch_size
        return [order[n : n + size] for n in range(0, len(order), size)]

    def share(self, batch: Ints, rank: int, size: int) -> Ints | None:
        """Every `size`-th window."""
        return share_rows(batch, rank, size)

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """The loss of one batch, on values divided by their standard deviation in training."""
        forecaster, windows = cast(Forecaster, model), self.prepared.train
        window = torch.from_numpy(windows.read(batch)).to(device)
        ahead = torch.from_numpy(windows.ahead(batch, list(range(windows.values.shape[1]))))
        truth = forecaster.scale(ahead.to(device))[:, :, self.prepared.targets]
        loss = _LOSSES[self.settings.loss](forecaster(window), truth)
        return StepResult(loss, len(batch))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """RMSE and MAE in the units of the data, over targets and steps; the loss is scaled."""
        windows, targets = self.prepared.validation, self.prepared.targets
        forecasts = forecast_windows(cast(Forecaster, model), windows, device)
        errors = forecasts - windows.ahead(np.arange(len(windows)), targets)
        scaled = torch.from_numpy(errors / self.prepared.deviation[targets])
        loss = _LOSSES[self.settings.loss](scaled, torch.zeros_like(scaled))
        return {"loss": float(loss), **summary(errors)}


def forecast_windows(
    model: Forecaster, windows: Windows, device: torch.device
) -> NDArray[np.float32]:
    """[N, S, K] forecasts in the units of the data."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(windows), _EVAL_WINDOWS):
            which = np.arange(start, min(start + _EVAL_WINDOWS, len(windows)))
            scaled = model(torch.from_numpy(windows.read(which)).to(device))
            parts.append(model.unscale(scaled).cpu().numpy())
    return np.concatenate(parts)


def build_model(settings: ForecastSettings, columns: int, targets: list[int]) -> Forecaster:
    """An untrained forecaster with scale 1."""
    zeros, ones = torch.zeros(columns), torch.ones(columns)
    return Forecaster(settings, columns, targets, settings.horizon, zeros, ones)


def summary(errors: NDArray[Any]) -> dict[str, float]:
    """MAE and RMSE of an array of errors."""
    return {"mae": float(np.abs(errors).mean()), "rmse": float(np.sqrt((errors**2).mean()))}
