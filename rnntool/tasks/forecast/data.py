"""What `train forecast` reads: a series, split by time.

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
    if not len(train) or (settings.validation and not len(validation)):
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
    held = max(1, round(rows * settings.validation)) if settings.validation else 0
    return test - held, test


def listed(names: str | None) -> list[str] | None:
    """Names with commas between them."""
    return None if names is None else [name.strip() for name in names.split(",")]


def target_places(columns: list[str], target: str | None, path: str | Path) -> list[int]:
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
