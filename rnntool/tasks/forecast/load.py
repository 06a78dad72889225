"""A trained forecaster, opened: how good it is, and what comes next.

Shapes: N windows, S horizon, K targets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from rnntool.data.windows import Windows, cut
from rnntool.errors import UserError
from rnntool.formats.reading import STREAM, sha256_of
from rnntool.formats.rundir import CONFIG, Run
from rnntool.formats.series import Series, read_series
from rnntool.models.forecaster import Forecaster
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings, PredictSettings
from rnntool.runs.load import Opened, open_trained
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.forecast.task import (
    build_model,
    forecast_windows,
    note_series,
    split_rows,
    summary,
    target_places,
)


@dataclass(frozen=True)
class TrainedForecaster(Opened[ForecastSettings, Forecaster]):
    """A run directory's model, ready to answer."""

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        return columns_of(self.run)

    def read(self, path: str) -> Series:
        """A file's columns, as the model reads them."""
        return read_series(path, self.columns, self.settings.encoding)


@dataclass(frozen=True)
class Comparison:
    """Forecasts, what came, and what two simple rules would have said."""

    series: Series
    first: int  # row of the first forecast
    forecasts: NDArray[Any]  # [N, S, K]
    truth: NDArray[Any]  # [N, S, K]
    last_value: NDArray[Any]  # [N, S, K]
    year_before: NDArray[Any]  # [N, S, K]; NaN where the series does not reach back so far
    targets: list[str]

    def figures(self) -> dict[str, dict[str, float]]:
        """MAE and RMSE of each; of `year before` and the model on the same rows where it exists."""
        figures = {"model": summary(self.forecasts - self.truth),
                   "last value": summary(self.last_value - self.truth)}  # fmt: skip
        known = ~np.isnan(self.year_before)
        if known.any():
            figures["year before"] = summary((self.year_before - self.truth)[known])
            if not known.all():
                figures["model, rows with a year before"] = summary(
                    (self.forecasts - self.truth)[known]
                )
        return figures

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        steps = np.sqrt(((self.forecasts - self.truth) ** 2).mean(axis=0))
        labels = self.series.labels
        return {
            "rows": f"{labels[self.first]} to {labels[-1]}",
            "forecasts": int(self.truth.size),
            "figures": self.figures(),
            "rmse_by_step": {target: steps[:, k].tolist() for k, target in enumerate(self.targets)},
        }


def load_forecaster(path: str, device: str = "auto", threads: int = 0) -> TrainedForecaster:
    """Open a run directory of `train forecast`.

    Raises:
        UserError: it is none, is damaged, or was trained for another task.
    """

    def fresh(settings: ForecastSettings, run: Run) -> Forecaster:
        columns = columns_of(run)
        return build_model(settings, len(columns), target_places(columns, settings.target, path))

    opened = open_trained(path, "forecast", ForecastSettings, fresh, device, threads)
    return TrainedForecaster(**vars(opened))


def columns_of(run: Run) -> list[str]:
    """The columns that a run of `train forecast` reads.

    Raises:
        UserError: it does not say.
    """
    columns = run.config.inputs.get("columns")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise UserError("damaged: no list of columns", where=f"{run.path}/{CONFIG}")
    return columns


def evaluate_forecast(
    run: str, data: str, settings: EvaluateSettings, report: Reporter
) -> Comparison:
    """Score a run directory on a series, beside two baselines.

    Of the file it was trained on, the test part that training did not see is scored; of any other
    file all windows, or those after `--skip`.

    Raises:
        UserError: run or data cannot be used.
    """
    trained = load_forecaster(run, settings.device, settings.threads)
    series = trained.read(data)
    note_series(series, report)
    first = round(len(series) * settings.skip)
    if not settings.skip:
        first = _test_start(trained, data, series)
    own = trained.settings
    windows = cut(series.values, first, len(series), own.window, own.horizon)
    if not len(windows):
        raise UserError(
            f"{len(series) - first:,} rows to score: too few for a window of {own.window} and"
            f" {own.horizon} ahead", where=data,
        )  # fmt: skip
    targets = trained.model.targets
    which = np.arange(len(windows))
    return Comparison(
        series, int(windows.starts[0]), forecast_windows(trained.model, windows, trained.device),
        windows.ahead(which, targets), _last_values(windows, targets),
        _year_before(series, windows, targets), [trained.columns[k] for k in targets],
    )  # fmt: skip


def _test_start(trained: TrainedForecaster, data: str, series: Series) -> int:
    noted = trained.run.config.inputs.get("train", {})
    same = data != STREAM and noted.get("sha256") == sha256_of(data)
    return split_rows(len(series), trained.settings)[1] if same else 0


def _last_values(windows: Windows, targets: list[int]) -> NDArray[Any]:
    """The window's last value, again at each step ahead (the naive forecast)."""
    last = windows.values[windows.starts - 1][:, targets]
    return np.repeat(last[:, None], windows.horizon, axis=1)


def _year_before(series: Series, windows: Windows, targets: list[int]) -> NDArray[Any]:
    """The value at the same time a year before (the seasonal naive forecast)."""
    before = series.year_before()
    rows = before[windows.starts[:, None] + np.arange(windows.horizon)]
    values: NDArray[Any] = series.values[rows][:, :, targets]
    values[rows < 0] = np.nan
    return values


def predict_next(
    run: str, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """What comes after the end of each series, `--horizon` steps of it.

    Returns:
        How many steps were forecast.

    Raises:
        UserError: run or an input cannot be used, or a series is shorter than the window.
    """
    trained = load_forecaster(run, settings.device, settings.threads)
    window = trained.settings.window
    names = [trained.columns[k] for k in trained.model.targets]
    count = 0
    if not settings.json:
        sink.write("\t".join(["step", *names]) + "\n")
    for path in inputs:
        series = trained.read(path)
        if len(series) < window:
            raise UserError(f"{len(series):,} rows, but the model reads {window}", where=path)
        end = Windows(series.values, np.array([len(series)]), window, trained.settings.horizon)
        forecast = forecast_windows(trained.model, end, trained.device)[0]
        for n, (label, values) in enumerate(
            zip(_labels_ahead(series, len(forecast)), forecast.tolist(), strict=True), start=1
        ):
            if settings.json:
                record = {"step": n, "time": label, **dict(zip(names, values, strict=True))}
                sink.write(json.dumps(record, ensure_ascii=False) + "\n")
            else:
                sink.write("\t".join([label or f"+{n}", *(f"{v:.6g}" for v in values)]) + "\n")
            count += 1
    return count


def _labels_ahead(series: Series, steps: int) -> list[str | None]:
    """The times of the next rows, at the pace of the last two."""
    if series.times is None or len(series) < 2:
        return [None] * steps
    pace = series.times[-1] - series.times[-2]
    ahead = [series.times[-1] + pace * (n + 1) for n in range(steps)]
    return [_shown(time, series.labels[-1]) for time in ahead]


def _shown(time: datetime, like: str) -> str:
    return time.date().isoformat() if len(like) <= 10 else time.isoformat(sep=" ")
