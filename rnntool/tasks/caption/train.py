"""`train caption`: from files and settings to a training job."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions, noted_inputs
from rnntool.runs.train import Job
from rnntool.tasks.caption.data import prepare
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.caption.task import CaptionTask, build_model


def prepare_job(
    inputs: list[str], settings: CaptionSettings, folder: Path, report: Reporter
) -> Job:
    """The training job of a captioning model on texts with a vector for each.

    Raises:
        UserError: an input cannot be used.
    """
    text, features = inputs
    prepared = prepare(text, features, settings, report)
    model = build_model(settings, prepared.vocabulary, prepared.train.vectors)
    files = noted_inputs({"text": text, "features": features})
    identity = prepared.unit.spec.identity
    config = RunConfig("caption", as_dict(settings), identity, files, library_versions())
    return Job(model, CaptionTask(prepared, settings), settings, config, prepared.write)
