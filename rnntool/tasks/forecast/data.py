"""The data of `train forecast`: a series, split by time.

Shapes: C columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnntool.data.windows import Windows, cut
from rnntool.errors import UserError, one_of
from rnntool.formats.rundir import write_labels
from rnntool.formats.series import Series, read_series
from rnntool.reporting import Reporter
from rnntool.tasks.forecast.settings import ForecastSettings


@dataclass(frozen=True)
class Prepared:
    """The input of a training, read and split."""

    train: Windows
    validation: Windows
    columns: list[str]
    targets: list[int]
    mean: NDArray[np.float32]  # [C]
    deviation: NDArray[np.float32]  # [C]

    def write(self, folder: Path) -> None:
        """Write the names of the forecast columns, as the run's labels."""
        write_labels(folder, [self.columns[k] for k in self.targets])


def prepare(path: str, settings: ForecastSettings, report: Reporter) -> Prepared:
    """Read the series and split it by time.

    Raises:
        UserError: the file cannot be used, is shorter than the window, or has a constant column.
    """
    series = read_series(path, listed(settings.columns), settings.encoding)
    targets = target_places(series.columns, settings.target, path)
    held, test = split_rows(len(series), settings)
    train = cut(series.values, 0, held, settings.window, settings.horizon, settings.stride)
    validation = cut(series.values, held, test, settings.window, settings.horizon)
    if not len(train) or (settings.validation and not len(validation)):
        raise UserError(
            f"{len(series):,} rows, {held:,} of them for training, are too few for --window"
            f" {settings.window} and --horizon {settings.horizon}",
            where=path,
        )
    mean, deviation = series.values[:held].mean(axis=0), series.values[:held].std(axis=0)
    for column, spread in zip(series.columns, deviation, strict=True):
        if spread < 1e-12:
            raise UserError(
                f"column {column!r} is constant in the {held:,} training rows",
                where=path, hint="leave it out with --columns",
            )  # fmt: skip
    note_series(series, report)
    report.note(
        f"{path}: {len(train):,} windows for training, {len(validation):,} for validation,"
        f" {len(series) - test:,} rows for eval; reads {', '.join(series.columns)};"
        f" forecasts {', '.join(series.columns[k] for k in targets)}"
    )
    return Prepared(
        train, validation, series.columns, targets, mean.astype(np.float32),
        deviation.astype(np.float32),
    )  # fmt: skip


def note_series(series: Series, report: Reporter) -> None:
    """Warn of gaps in time, since the model treats the rows as evenly spaced."""
    gaps = series.gaps()
    if gaps:
        report.warn(
            f"{series.path}: {len(gaps)} gaps in time, the first one before line {gaps[0]};"
            " the rows are treated as evenly spaced"
        )


def split_rows(rows: int, settings: ForecastSettings) -> tuple[int, int]:
    """The first row of the validation part, and that of the test part."""
    test = rows - round(rows * settings.test)
    held = max(1, round(rows * settings.validation)) if settings.validation else 0
    return test - held, test


def listed(names: str | None) -> list[str] | None:
    """The names in a comma-separated list."""
    return None if names is None else [name.strip() for name in names.split(",")]


def target_places(columns: list[str], target: str | None, path: str | Path) -> list[int]:
    """The positions of the columns to forecast.

    Raises:
        UserError: one of them is not among the columns.
    """
    wanted = listed(target) or columns
    for name in wanted:
        if name not in columns:
            raise UserError(f"--target {name!r} is not one of the columns", where=path,
                            hint=one_of(name, columns))  # fmt: skip
    return [columns.index(name) for name in wanted]
