"""`train lm`: from files and settings to a training job."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.initial_weights import open_start
from rnntool.runs.load import restore_weights
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job
from rnntool.tasks.lm.data import input_files, prepare_text
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.lm.task import LMTask, build_model


def prepare_job(inputs: list[str], settings: LMSettings, folder: Path, report: Reporter) -> Job:
    """The training job of a language model on text files, which are read in order as one text.

    Raises:
        UserError: an input cannot be used.
    """
    text = prepare_text(inputs, settings, folder, report)
    model = build_model(settings, len(text.vocabulary))
    if settings.init_from is not None:
        restore_weights(model, open_start(settings.init_from, text.vocabulary))
    config = RunConfig(
        "lm", as_dict(settings), text.unit.spec.identity,
        input_files(inputs, settings, init_from=settings.init_from), library_versions(),
    )  # fmt: skip
    return Job(
        model, LMTask(text, settings, report), settings, config, text.write,
        {"training_tokens": text.train_stop}, text.close,
    )  # fmt: skip
