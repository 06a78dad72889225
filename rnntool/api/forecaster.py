"""A forecaster in Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.api.model import Floats, Model
from rnntool.data.windows import Windows
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.tasks.forecast.load import load_forecaster
from rnntool.tasks.forecast.task import forecast_windows


class Forecaster(Model):
    """A model of `train forecast`; torch computes its answers."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        self._trained = load_forecaster(run, settings.device, settings.threads)
        self._lock = threading.Lock()

    def predict(self, texts: Iterable[Any]) -> list[Floats]:
        """[horizon, targets] values after the end of each series.

        Args:
            texts: the series, each [T, columns], or [T] where the model reads one column.

        Raises:
            UserError: a series is shorter than the model's window, or has other columns.
        """
        return [self._ahead(np.asarray(series, dtype=np.float64)) for series in texts]

    def _ahead(self, series: NDArray[np.float64]) -> Floats:
        columns = len(self._trained.columns)
        window, horizon = self._trained.settings.window, self._trained.settings.horizon
        values = series.reshape(-1, 1) if series.ndim == 1 else series
        if values.ndim != 2 or values.shape[1] != columns or len(values) < window:
            raise UserError(f"a series has the shape {list(series.shape)}", where=self.path,
                            hint=f"the model reads at least {window} rows of {columns} columns:"
                            f" {', '.join(self._trained.columns)}")  # fmt: skip
        end = Windows(values, np.array([len(values)]), window, horizon)
        with self._lock:
            found: Floats = forecast_windows(self._trained.model, end, self._trained.device)[0]
        return found
