"""Sequence classification, many to one: data, model, loss and metrics, and `train classify`.

Shapes: B batch, T time, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.data.labelled import Labelled
from rnntool.data.sequences import Ints, sorted_batches
from rnntool.data.spelling import Spelling, make_spelling
from rnntool.errors import UserError
from rnntool.formats.rundir import VOCAB, Run, RunConfig, open_run, require_task
from rnntool.models.classifier import SequenceClassifier, class_probabilities
from rnntool.models.settings import BiLMModelSettings
from rnntool.reporting import Reporter
from rnntool.settings import as_dict
from rnntool.tasks.classify_data import Prepared, input_files, prepare
from rnntool.tasks.classify_settings import ClassifySettings
from rnntool.tasks.features import Context, note_mixture, open_context
from rnntool.tasks.spelled import spell_tokens, spelling_of, write_spelling
from rnntool.tasks.starting import (
    library_versions,
    open_start,
    restore_weights,
    start_from_vectors,
)
from rnntool.tasks.training import Job, RowTask, train_run
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.checkpoint import load_weights
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult

_EVAL_TOKENS = 16_384  # tokens of a padded evaluation batch at most, to bound its memory


@dataclass(frozen=True)
class Batch:
    """One training batch on the CPU."""

    ids: Tensor  # [B, T]
    lengths: Tensor  # [B]
    labels: Tensor  # [B]
    targets: Tensor | None = None  # [B, C] probabilities to learn, if not the labels


class ClassifyTask(RowTask):
    """What the training loop asks for."""

    unit = "documents"
    monitor = "accuracy"
    higher_is_better = True

    def __init__(self, train: Labelled, validation: Labelled, settings: ClassifySettings) -> None:
        super().__init__(train.sequences.lengths, settings.batch_size, settings.seed)
        self.train, self.validation, self.settings = train, validation, settings

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Cross-entropy on one batch of rows."""
        data = make_batch(self.train, batch, device)
        scores = model(data.ids, data.lengths)
        if data.targets is None:
            loss = classification_loss(scores, data.labels, self.settings.label_smoothing)
        else:
            loss = soft_loss(scores, data.targets)
        correct = int((predicted_classes(scores) == data.labels).sum())
        return StepResult(loss, len(batch), correct)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss in nats a document, and accuracy, on the validation data."""
        probabilities = predict_probabilities(model, self.validation, device)
        right = probabilities[np.arange(len(probabilities)), self.validation.labels]
        return {
            "loss": float(-np.log(np.maximum(right, 1e-12)).mean()),
            "accuracy": float((probabilities.argmax(axis=1) == self.validation.labels).mean()),
        }


def make_batch(data: Labelled, rows: Ints, device: torch.device) -> Batch:
    """The rows as padded tensors on the device."""
    ids, lengths = data.sequences.padded(rows)
    arrays: list[np.ndarray[Any, Any]] = [ids, lengths, data.labels[rows]]
    if data.targets is not None:
        arrays.append(data.targets[rows])
    return Batch(*(torch.from_numpy(a).to(device, non_blocking=True) for a in arrays))


def classification_loss(scores: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of [B, C] scores, or binary cross-entropy of [B, 1].

    With label smoothing ε the target is (1 − ε) on the class and ε / C on all (Szegedy et al. 2016,
    eq. 7).
    """
    if scores.shape[1] > 1:
        return functional.cross_entropy(scores, labels, label_smoothing=smoothing)
    target = labels.float() * (1 - smoothing) + smoothing / 2
    return functional.binary_cross_entropy_with_logits(scores.squeeze(1), target)


def soft_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of [B, C] scores, or of [B, 1] of a sigmoid unit, with [B, C] targets."""
    if scores.shape[1] > 1:
        return functional.cross_entropy(scores, targets)
    return functional.binary_cross_entropy_with_logits(scores.squeeze(1), targets[:, 1])


def predicted_classes(scores: Tensor) -> Tensor:
    """[B] class numbers from [B, C] scores, or from the [B, 1] scores of a sigmoid unit."""
    if scores.shape[1] == 1:
        return (scores.squeeze(1) > 0).long()
    return scores.argmax(dim=1)


def predict_probabilities(
    model: nn.Module, data: Labelled, device: torch.device
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """[N, C] class probabilities in the order of the data; the model must be in evaluation mode."""
    parts, order = [], []
    with torch.inference_mode():
        for rows in sorted_batches(data.sequences.lengths, _EVAL_TOKENS):
            batch = make_batch(data, rows, device)
            scores = model(batch.ids, batch.lengths)
            parts.append(class_probabilities(scores.double()).cpu().numpy())
            order.append(rows)
    probabilities = np.concatenate(parts)
    result = np.empty_like(probabilities)
    result[np.concatenate(order)] = probabilities
    return result


def train_classifier(
    data: str,
    output: str,
    settings: ClassifySettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on a labelled tokens file into a run directory.

    Args:
        data: tokens file, or `-`.
        output: the run directory; `OUTPUT.partial` while the training runs.
        resume: go on from an interrupted training's checkpoint, if there is one.

    Returns:
        The run directory and what the training came to.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    if settings.unlabelled is not None and not settings.distil:
        raise UserError("--unlabelled needs a teacher: give --distil RUN")

    def job(_: Path) -> Job:
        chosen = settings if settings.init is None else settings_of_bilm(settings)
        context = open_context(settings.features)
        sizes = None if context is None else context.sizes
        if context is not None:
            chosen = replace(chosen, vocab=context.vocabulary_file(chosen.vocab))
        prepared = prepare(data, chosen, report)
        train = prepared.train
        if chosen.distil:
            from rnntool.tasks.distil import learn_from_teachers  # opens what is trained here

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
        task = ClassifyTask(train, prepared.validation, resolved)
        return Job(model, task, resolved, config, write)

    trained = train_run(output, settings, job, report, force=force, resume=resume)
    if settings.features is not None:
        note_mixture(trained[0], report)
    return trained


def take_weights(
    model: SequenceClassifier,
    settings: ClassifySettings,
    prepared: Prepared,
    context: Context | None,
) -> None:
    """Put into a fresh model what other runs have learned: `--init`, `--features`, `--init-from`.

    Raises:
        UserError: a run's weights are damaged or do not fit.
    """
    if settings.init is not None:
        take_encoder(model, open_run(settings.init))
    if context is not None and model.features is not None:
        context.load(model.features)
    if settings.init_from is not None:
        load_start(model, settings.init_from, prepared)


def build_model(
    settings: ClassifySettings,
    vocabulary: Vocabulary,
    labels: int,
    context: BiLMModelSettings | None = None,
    spelling: Spelling | None = None,
) -> SequenceClassifier:
    """A fresh classifier for these tokens and so many labels."""
    outputs = 1 if settings.output_unit == "sigmoid" else labels
    characters = 0 if spelling is None else len(spelling.characters)
    model = SequenceClassifier(settings, len(vocabulary), outputs, context, characters)
    spell_tokens(model.input, spelling, vocabulary.tokens)
    return model


def choose_spelling(settings: ClassifySettings, vocabulary: Vocabulary) -> Spelling | None:
    """How the tokens are spelled: as in the run of `--init`, else in the characters they have."""
    if settings.input != "characters":
        return None
    if settings.init is not None:
        return spelling_of(open_run(settings.init))
    return make_spelling(settings.character_unit, vocabulary.tokens)


def settings_of_bilm(settings: ClassifySettings) -> ClassifySettings:
    """The settings with the sizes and the vocabulary of `--init`.

    Raises:
        UserError: it is no run of `train bilm`, or `--vectors` or `--vocab` say otherwise.
    """
    assert settings.init is not None
    if settings.vectors is not None or settings.vocab is not None:
        raise UserError(
            "--init brings its own vectors and vocabulary: leave out --vectors, --vocab"
        )
    own = require_task(open_run(settings.init), "bilm").config.settings
    names = ("cell", "hidden", "layers", "embedding_dim", "input", "character_unit")
    taken = {name: own[name] for name in names if name in own}
    chosen: ClassifySettings = replace(settings, encoder="directional", **taken)
    if chosen.input == "characters":  # it reads the words of these data, whatever they are
        return chosen
    return replace(chosen, vocab=f"{settings.init}/{VOCAB}")


def take_encoder(model: SequenceClassifier, run: Run) -> None:
    """Start from a biLM's token vectors and encoder; the output starts anew.

    Raises:
        UserError: its weights are damaged.
    """
    tensors = load_weights(run.weights)
    own = ("output.", "input.spelling")
    wanted = {name for name in model.state_dict() if not name.startswith(own)}
    if not wanted <= set(tensors):
        missing = sorted(wanted - set(tensors))[0]
        raise UserError(f"damaged: {missing} is missing", where=run.weights)
    model.load_state_dict({name: tensors[name] for name in wanted}, strict=False)


def load_start(model: SequenceClassifier, path: str, prepared: Prepared) -> None:
    """Start from the weights of another run, `--init-from`.

    Raises:
        UserError: it is no run, or its vocabulary, labels or shapes differ.
    """
    run = open_start(path, prepared.vocabulary)
    if run.labels != prepared.labels:
        raise UserError(
            f"has other labels ({', '.join(run.labels)}) than this training"
            f" ({', '.join(prepared.labels)})",
            where=path,
        )
    restore_weights(model, run)
