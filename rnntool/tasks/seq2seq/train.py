"""`train seq2seq`."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job, train_run
from rnntool.tasks.seq2seq.data import input_files, prepare
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.tasks.seq2seq.task import Seq2SeqTask, build_model
from rnntool.training.loop import Outcome


def train_seq2seq(
    data: str,
    output: str,
    settings: Seq2SeqSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on pairs into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    def job(_: Path) -> Job:
        prepared = prepare(data, settings, report)
        model = build_model(settings, prepared.sources, prepared.targets)
        identity = prepared.unit.spec.identity
        config = RunConfig("seq2seq", as_dict(settings), identity, input_files(data, settings),
                           library_versions())  # fmt: skip
        return Job(model, Seq2SeqTask(prepared, settings), settings, config, prepared.write)

    return train_run(output, settings, job, report, force=force, resume=resume)
