"""`train seq2seq`: from a file and settings to a training job."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job
from rnntool.tasks.seq2seq.data import input_files, prepare
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.tasks.seq2seq.task import Seq2SeqTask, build_model


def prepare_job(
    inputs: list[str], settings: Seq2SeqSettings, folder: Path, report: Reporter
) -> Job:
    """The training job of an encoder and a decoder on pairs of texts.

    Raises:
        UserError: an input cannot be used.
    """
    (data,) = inputs
    prepared = prepare(data, settings, report)
    model = build_model(settings, prepared.sources, prepared.targets)
    identity = prepared.unit.spec.identity
    config = RunConfig("seq2seq", as_dict(settings), identity, input_files(data, settings),
                       library_versions())  # fmt: skip
    return Job(model, Seq2SeqTask(prepared, settings), settings, config, prepared.write)
