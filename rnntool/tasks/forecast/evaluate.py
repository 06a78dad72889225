"""`rnntool eval` for a forecaster: its errors, compared with two simple baselines.

Shapes: N windows, S horizon, K targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.data.windows import Windows, cut
from rnntool.errors import UserError
from rnntool.formats.reading import STREAM, sha256_of
from rnntool.formats.rundir import Run
from rnntool.formats.series import Series
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.metrics import Table
from rnntool.tasks.forecast.data import note_series, split_rows
from rnntool.tasks.forecast.load import TrainedForecaster, load_forecaster
from rnntool.tasks.forecast.task import forecast_windows, summary


@dataclass(frozen=True)
class Comparison:
    """Forecasts, true values, and the forecasts of two simple baselines."""

    series: Series
    first: int  # row of the first forecast
    forecasts: NDArray[Any]  # [N, S, K]
    truth: NDArray[Any]  # [N, S, K]
    last_value: NDArray[Any]  # [N, S, K]
    year_before: NDArray[Any]  # [N, S, K]; NaN where the series starts later
    targets: list[str]

    def figures(self) -> dict[str, dict[str, float]]:
        """MAE and RMSE of each; `year before` and the model also on the rows that have one."""
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

    def tables(self) -> list[Table]:
        """One table: the model and the two baselines."""
        found = self.as_dict()
        rows = [[name, f["mae"], f["rmse"]] for name, f in found["figures"].items()]
        return [([f"rows {found['rows']}", "MAE", "RMSE"], rows)]


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> Comparison:
    """Score a run on a series, and compare it with two baselines.

    In the file of the training, only the test part is scored; in any other file, all windows, or
    those after `--skip`.

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
            f"{len(series) - first:,} rows to score are too few for a window of {own.window} and"
            f" a horizon of {own.horizon}", where=data,
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
    """The last value of the window, repeated for each step ahead (naive forecast)."""
    last = windows.values[windows.starts - 1][:, targets]
    return np.repeat(last[:, None], windows.horizon, axis=1)


def _year_before(series: Series, windows: Windows, targets: list[int]) -> NDArray[Any]:
    """The value at the same time one year before (seasonal naive forecast)."""
    before = series.year_before()
    rows = before[windows.starts[:, None] + np.arange(windows.horizon)]
    values: NDArray[Any] = series.values[rows][:, :, targets]
    values[rows < 0] = np.nan
    return values
