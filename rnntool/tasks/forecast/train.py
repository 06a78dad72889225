"""`train forecast`."""

from __future__ import annotations

from pathlib import Path

import torch

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions, noted_inputs
from rnntool.runs.train import Job, train_run
from rnntool.tasks.forecast.data import prepare
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.forecast.task import ForecastTask, build_model
from rnntool.training.loop import Outcome


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
