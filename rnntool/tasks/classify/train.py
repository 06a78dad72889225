"""`train classify`: from files and settings to a training job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rnntool.configuration import as_dict
from rnntool.data.spelling import Spelling, make_spelling
from rnntool.errors import UserError
from rnntool.formats.run_names import locate
from rnntool.formats.rundir import VOCAB, Run, RunConfig, require_task, require_whole
from rnntool.models.classifier import SequenceClassifier
from rnntool.reporting import Reporter
from rnntool.runs.features import Context, note_mixture, open_context
from rnntool.runs.initial_weights import open_start, start_from_vectors
from rnntool.runs.load import restore_weights
from rnntool.runs.open import open_run
from rnntool.runs.provenance import library_versions
from rnntool.runs.spelled import spelling_of, write_spelling
from rnntool.runs.train import Job, do_nothing
from rnntool.tasks.classify.data import Prepared, input_files, prepare
from rnntool.tasks.classify.distil import learn_from_teachers
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.classify.task import ClassifyTask, build_model
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.checkpoint import load_weights


def prepare_job(
    inputs: list[str], settings: ClassifySettings, folder: Path, report: Reporter
) -> Job:
    """The training job of a classifier, from random weights or from those of other runs.

    Raises:
        UserError: an input cannot be used.
    """
    (data,) = inputs
    chosen = settings if settings.init is None else settings_of_bilm(settings)
    context = open_context(settings.features)
    sizes = None if context is None else context.sizes
    if context is not None:
        chosen = replace(chosen, vocab=context.vocabulary_file(chosen.vocab))
    prepared = prepare(data, chosen, report)
    train = prepared.train
    if chosen.distil:
        train = learn_from_teachers(prepared, chosen, report)
    spelling = choose_spelling(chosen, prepared.vocabulary)

    def fresh(own: ClassifySettings) -> SequenceClassifier:
        return build_model(own, prepared.vocabulary, len(prepared.labels), sizes, spelling)

    def write(folder: Path) -> None:
        prepared.write(folder)
        write_spelling(folder, spelling)
        if context is not None:
            context.write(folder)

    model, resolved = start_from_vectors(
        chosen, prepared.vocabulary, fresh, report, freeze=settings.freeze
    )
    take_weights(model, settings, prepared, context)
    config = RunConfig("classify", as_dict(resolved), prepared.tokenizer,
                       input_files(data, resolved), library_versions())  # fmt: skip
    task = ClassifyTask(train, prepared.validation, resolved, len(prepared.labels))

    def score(kept: nn.Module, device: torch.device) -> dict[str, Any]:
        assert prepared.held_out is not None
        figures = task.score(kept, prepared.held_out, device)
        return {f"test_{name}": value for name, value in figures.items()}

    return Job(
        model, task, resolved, config, write, results={"monitor": resolved.monitored},
        score=None if prepared.held_out is None else score,
        finished=note_mixture if context is not None else do_nothing,
    )  # fmt: skip


def take_weights(
    model: SequenceClassifier,
    settings: ClassifySettings,
    prepared: Prepared,
    context: Context | None,
) -> None:
    """Load the weights of other runs into the model: `--init`, `--features`, `--init-from`.

    Raises:
        UserError: a run's weights are damaged, or do not fit the model.
    """
    if settings.init is not None:
        take_encoder(model, open_run(settings.init))
    if context is not None and model.features is not None:
        context.load(model.features)
    if settings.init_from is not None:
        load_start(model, settings.init_from, prepared)


def choose_spelling(settings: ClassifySettings, vocabulary: Vocabulary) -> Spelling | None:
    """The spelling of the tokens: that of `--init`, otherwise one made from the vocabulary."""
    if settings.input != "characters":
        return None
    if settings.init is not None:
        return spelling_of(open_run(settings.init))
    return make_spelling(settings.character_unit, vocabulary.tokens)


def settings_of_bilm(settings: ClassifySettings) -> ClassifySettings:
    """The settings with the sizes and the vocabulary of `--init`.

    Raises:
        UserError: it is not a run of `train bilm` or is a compressed one, or `--vectors` or
            `--vocab` is given as well.
    """
    assert settings.init is not None
    if settings.vectors is not None or settings.vocab is not None:
        raise UserError(
            "--init has its own vectors and vocabulary; leave out --vectors and --vocab"
        )
    own = require_whole(require_task(open_run(settings.init), "bilm"), "--init").config.settings
    names = ("cell", "hidden", "layers", "embedding_dim", "input", "character_unit")
    taken = {name: own[name] for name in names if name in own}
    chosen: ClassifySettings = replace(settings, encoder="directional", **taken)
    if chosen.input == "characters":  # reads any word, so it needs no vocabulary of its own
        return chosen
    return replace(chosen, vocab=str(locate(settings.init) / VOCAB))


def take_encoder(model: SequenceClassifier, run: Run) -> None:
    """Load a biLM's token vectors and encoder; the output layer stays random.

    Raises:
        UserError: the biLM's weights are damaged.
    """
    tensors = load_weights(run.weights)
    own = ("output.", "input.spelling")
    wanted = {name for name in model.state_dict() if not name.startswith(own)}
    if not wanted <= set(tensors):
        missing = sorted(wanted - set(tensors))[0]
        raise UserError(f"damaged: {missing} is missing", where=run.weights)
    model.load_state_dict({name: tensors[name] for name in wanted}, strict=False)


def load_start(model: SequenceClassifier, path: str, prepared: Prepared) -> None:
    """Load the weights of another run (`--init-from`).

    Raises:
        UserError: the path is not a run, or its vocabulary, labels or shapes differ.
    """
    run = open_start(path, prepared.vocabulary)
    if run.labels != prepared.labels:
        raise UserError(
            f"has other labels ({', '.join(run.labels)}) than this training"
            f" ({', '.join(prepared.labels)})",
            where=path,
        )
    restore_weights(model, run)
