"""`train caption`."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.errors import UserError
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions, noted_inputs
from rnntool.runs.train import Job, train_run
from rnntool.runs.validation import validation_share
from rnntool.tasks.caption.data import prepare
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.caption.task import CaptionTask, build_model
from rnntool.training.loop import Outcome


def train_caption(
    text: str,
    features: str,
    output: str,
    settings: CaptionSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on texts and a vector for each into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """
    _check(settings)

    def job(_: Path) -> Job:
        prepared = prepare(text, features, settings, report)
        model = build_model(settings, prepared.vocabulary, prepared.train.vectors)
        inputs = noted_inputs({"text": text, "features": features})
        identity = prepared.unit.spec.identity
        config = RunConfig("caption", as_dict(settings), identity, inputs, library_versions())
        return Job(model, CaptionTask(prepared, settings), settings, config, prepared.write)

    return train_run(output, settings, job, report, force=force, resume=resume)


def _check(settings: CaptionSettings) -> None:
    if settings.input == "one-hot":
        raise UserError("captioning needs --input embedding")
    if validation_share(settings.validation) is None:
        raise UserError("--validation is a share of the rows here, not a file")
