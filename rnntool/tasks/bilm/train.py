"""`train bilm`: from files and settings to a training job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.data.id_file import count_numbers
from rnntool.data.spelling import make_spelling
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.initial_weights import start_from_vectors
from rnntool.runs.provenance import library_versions
from rnntool.runs.spelled import write_spelling
from rnntool.runs.train import Job
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.bilm.task import BiLMTask, build_model
from rnntool.tasks.lm.data import input_files, prepare_text


def prepare_job(inputs: list[str], settings: BiLMSettings, folder: Path, report: Reporter) -> Job:
    """The training job of a biLM on text files.

    Raises:
        UserError: an input cannot be used.
    """
    characters = settings.input == "characters"
    # With --input characters no token needs an embedding, so every token of the text is kept.
    every = replace(settings, min_count=1, max_size=None) if characters else settings
    text = prepare_text(inputs, every, folder, report)
    known = text.vocabulary
    spelling = make_spelling(settings.character_unit, known.tokens) if characters else None
    seen = count_numbers(text.train, text.train_stop, len(known.tokens))
    model, resolved = start_from_vectors(
        settings, known, lambda own: build_model(own, known, spelling, seen), report
    )

    def write(folder: Path) -> None:
        text.write(folder)
        write_spelling(folder, spelling)

    config = RunConfig(
        "bilm", as_dict(resolved), text.unit.spec.identity,
        input_files(inputs, settings, vectors=settings.vectors), library_versions(),
    )  # fmt: skip
    return Job(model, BiLMTask(text, resolved), resolved, config, write, close=text.close)
