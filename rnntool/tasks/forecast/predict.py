"""`rnntool predict` for a forecaster: the values after the end of a series."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TextIO

import numpy as np

from rnntool.data.windows import Windows
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.formats.series import Series
from rnntool.reporting import Reporter
from rnntool.runs.answerer import TORCH_ANSWERS
from rnntool.runs.inference_settings import PredictSettings
from rnntool.tasks.forecast.load import load_forecaster
from rnntool.tasks.forecast.task import forecast_windows


def predict(
    run: Run, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Forecast the next `--horizon` steps of each series.

    Returns:
        The number of forecast steps.

    Raises:
        UserError: run or an input cannot be used, or a series is shorter than the window.
    """
    report.detail(TORCH_ANSWERS)
    trained = load_forecaster(run, settings.device, settings.threads)
    window = trained.settings.window
    names = [trained.columns[k] for k in trained.model.targets]
    count = 0
    if not settings.json:
        sink.write("\t".join(["step", *names]) + "\n")
    for path in inputs:
        series = trained.read(path)
        if len(series) < window:
            raise UserError(f"has {len(series):,} rows, but the model needs {window}", where=path)
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
    """The times of the next rows, with the time step between the last two."""
    if series.times is None or len(series) < 2:
        return [None] * steps
    pace = series.times[-1] - series.times[-2]
    ahead = [series.times[-1] + pace * (n + 1) for n in range(steps)]
    return [_shown(time, series.labels[-1]) for time in ahead]


def _shown(time: datetime, like: str) -> str:
    return time.date().isoformat() if len(like) <= 10 else time.isoformat(sep=" ")
