"""Classification, many to one: batches, loss, validation, and the untrained model.

Shapes: B batch, T time, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.data.labelled import Labelled
from rnntool.data.sequences import Ints, sorted_batches
from rnntool.data.spelling import Spelling
from rnntool.models.classifier import SequenceClassifier, class_probabilities
from rnntool.models.settings import BiLMModelSettings
from rnntool.runs.batches import RowTask
from rnntool.runs.spelled import spell_tokens
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.task import StepResult

_EVAL_TOKENS = 16_384  # maximum size of a padded evaluation batch, to limit its memory


@dataclass(frozen=True)
class Batch:
    """One training batch on the CPU."""

    ids: Tensor  # [B, T]
    lengths: Tensor  # [B]
    labels: Tensor  # [B]
    targets: Tensor | None = None  # [B, C] probabilities to learn instead of the labels


class ClassifyTask(RowTask):
    """Batches, loss and validation of a classifier, for the training loop."""

    unit = "documents"
    monitor = "accuracy"
    higher_is_better = True

    def __init__(self, train: Labelled, validation: Labelled, settings: ClassifySettings) -> None:
        super().__init__(train.sequences.lengths, settings.batch_size, settings.seed)
        self.train, self.validation, self.settings = train, validation, settings
        self.validates = len(self.validation) > 0

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
        """Loss in nats per document, and accuracy, on the validation data."""
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

    With label smoothing ε the target is 1 − ε for the class plus ε / C for each class (Szegedy et
    al. 2016, eq. 7).
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


def build_model(
    settings: ClassifySettings,
    vocabulary: Vocabulary,
    labels: int,
    context: BiLMModelSettings | None = None,
    spelling: Spelling | None = None,
) -> SequenceClassifier:
    """An untrained classifier for this vocabulary and this number of labels."""
    outputs = 1 if settings.output_unit == "sigmoid" else labels
    characters = 0 if spelling is None else len(spelling.characters)
    model = SequenceClassifier(settings, len(vocabulary), outputs, context, characters)
    spell_tokens(model.input, spelling, vocabulary.tokens)
    return model
