"""`train forecast`: from a file and settings to a training job."""

from __future__ import annotations

from pathlib import Path

import torch

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions, noted_inputs
from rnntool.runs.train import Job
from rnntool.tasks.forecast.data import prepare
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.forecast.task import ForecastTask, build_model


def prepare_job(
    inputs: list[str], settings: ForecastSettings, folder: Path, report: Reporter
) -> Job:
    """The training job of a forecaster on a series.

    Raises:
        UserError: an input cannot be used.
    """
    (data,) = inputs
    prepared = prepare(data, settings, report)
    model = build_model(settings, len(prepared.columns), prepared.targets)
    model.mean.copy_(torch.from_numpy(prepared.mean))
    model.deviation.copy_(torch.from_numpy(prepared.deviation))
    files = noted_inputs({"train": data}) | {"columns": prepared.columns}
    config = RunConfig("forecast", as_dict(settings), "none", files, library_versions())
    return Job(model, ForecastTask(prepared, settings), settings, config, prepared.write)
