"""Open a trained forecaster."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, Run
from rnntool.formats.series import Series, read_series
from rnntool.models.forecaster import Forecaster
from rnntool.runs.load import Opened, open_trained
from rnntool.tasks.forecast.data import target_places
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.forecast.task import build_model


@dataclass(frozen=True)
class TrainedForecaster(Opened[ForecastSettings, Forecaster]):
    """A forecaster from a run directory."""

    @property
    def columns(self) -> list[str]:
        """The columns that the model reads."""
        return columns_of(self.run)

    def read(self, path: str) -> Series:
        """The columns of a file that the model reads."""
        return read_series(path, self.columns, self.settings.encoding)


def load_forecaster(run: str | Run, device: str = "auto", threads: int = 0) -> TrainedForecaster:
    """Open a run of `train forecast`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def fresh(settings: ForecastSettings, run: Run) -> Forecaster:
        columns = columns_of(run)
        targets = target_places(columns, settings.target, run.path)
        return build_model(settings, len(columns), targets)

    opened = open_trained(run, "forecast", ForecastSettings, fresh, device, threads)
    return TrainedForecaster(**vars(opened))


def columns_of(run: Run) -> list[str]:
    """The columns that a run of `train forecast` reads.

    Raises:
        UserError: the list of columns is missing.
    """
    columns = run.config.inputs.get("columns")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise UserError("damaged: no list of columns", where=f"{run.path}/{CONFIG}")
    return columns
