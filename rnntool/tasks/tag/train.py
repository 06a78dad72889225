"""`train tag`: from a file and settings to a training job."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.formats.rundir import RunConfig
from rnntool.models.tagger import SequenceTagger
from rnntool.reporting import Reporter
from rnntool.runs.features import note_mixture, open_context
from rnntool.runs.initial_weights import start_from_vectors
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job, do_nothing
from rnntool.tasks.tag.data import input_files, prepare
from rnntool.tasks.tag.settings import TagSettings
from rnntool.tasks.tag.task import TagTask, build_model


def prepare_job(inputs: list[str], settings: TagSettings, folder: Path, report: Reporter) -> Job:
    """The training job of a tagger on tagged sentences.

    Raises:
        UserError: an input cannot be used.
    """
    (data,) = inputs
    context = open_context(settings.features)
    sizes = None if context is None else context.sizes
    prepared = prepare(data, settings, context, report)

    def fresh(own: TagSettings) -> SequenceTagger:
        return build_model(own, prepared.vocabulary, prepared.characters, prepared.tags, sizes)

    model, resolved = start_from_vectors(
        settings, prepared.vocabulary, fresh, report, freeze=settings.freeze
    )
    if context is not None and model.features is not None:
        context.load(model.features)
    config = RunConfig("tag", as_dict(resolved), "whitespace", input_files(data, settings),
                       library_versions())  # fmt: skip
    return Job(
        model, TagTask(prepared, resolved), resolved, config, prepared.write,
        finished=note_mixture if context is not None else do_nothing,
    )  # fmt: skip
