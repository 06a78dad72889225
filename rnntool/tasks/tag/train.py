"""`train tag`."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.errors import UserError
from rnntool.formats.rundir import RunConfig
from rnntool.models.tagger import SequenceTagger
from rnntool.reporting import Reporter
from rnntool.runs.features import note_mixture, open_context
from rnntool.runs.initial_weights import start_from_vectors
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job, train_run
from rnntool.tasks.tag.data import input_files, prepare
from rnntool.tasks.tag.settings import TagSettings
from rnntool.tasks.tag.task import TagTask, build_model
from rnntool.training.loop import Outcome


def train_tagger(
    data: str,
    output: str,
    settings: TagSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on tagged sentences into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    def job(_: Path) -> Job:
        if settings.encoder == "cnn-rnn" and settings.conv_pool != 1:
            raise UserError("--conv-pool must be 1: each token needs a step of its own")
        context = open_context(settings.features)
        sizes = None if context is None else context.sizes
        prepared = prepare(data, settings, context, report)

        def fresh(own: TagSettings) -> SequenceTagger:
            return build_model(own, prepared.vocabulary, prepared.characters, prepared.tags,
                               sizes)  # fmt: skip

        model, resolved = start_from_vectors(
            settings, prepared.vocabulary, fresh, report, freeze=settings.freeze
        )
        if context is not None and model.features is not None:
            context.load(model.features)
        config = RunConfig("tag", as_dict(resolved), "whitespace", input_files(data, settings),
                           library_versions())  # fmt: skip
        return Job(model, TagTask(prepared, resolved), resolved, config, prepared.write)

    trained = train_run(output, settings, job, report, force=force, resume=resume)
    if settings.features is not None:
        note_mixture(trained[0], report)
    return trained
