"""Classification, many to one: batches, loss, validation, and the untrained model.

Shapes: B batch, T time, C classes.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from rnntool.data.labelled import Labelled
from rnntool.data.sequences import Ints, sorted_batches
from rnntool.data.spelling import Spelling
from rnntool.models.classifier import SequenceClassifier
from rnntool.models.settings import BiLMModelSettings
from rnntool.runs.batches import RowTask
from rnntool.runs.spelled import spell_tokens
from rnntool.tasks.classify.objective import Batch, make_objective
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.task import StepResult

_EVAL_TOKENS = 16_384  # maximum size of a padded evaluation batch, to limit its memory


class ClassifyTask(RowTask):
    """Batches, loss and validation of a classifier, for the training loop."""

    unit = "documents"

    def __init__(
        self, train: Labelled, validation: Labelled, settings: ClassifySettings, classes: int
    ) -> None:
        super().__init__(train.sequences.lengths, settings.batch_size, settings.seed)
        self.train, self.validation = train, validation
        self.validates = len(self.validation) > 0
        self.monitor = settings.monitored
        self.higher_is_better = self.monitor != "loss"
        self.objective = make_objective(settings, train, classes)

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """The loss on one batch of rows."""
        data = make_batch(self.train, batch, device)
        scores = model(data.ids, data.lengths)
        loss = self.objective.loss(scores, data)
        return StepResult(loss, len(batch), self.objective.correct(scores, data))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss, accuracy and F1 on the validation data."""
        return self.score(model, self.validation, device)

    def score(self, model: nn.Module, data: Labelled, device: torch.device) -> dict[str, float]:
        """Loss, accuracy and F1 on labelled data; the model is in evaluation mode."""
        return self.objective.figures(predict_probabilities(model, data, device), data)


def make_batch(data: Labelled, rows: Ints, device: torch.device) -> Batch:
    """The rows as padded tensors on the device."""
    ids, lengths = data.sequences.padded(rows)
    arrays: list[np.ndarray[Any, Any]] = [ids, lengths, data.labels[rows]]
    if data.targets is not None:
        arrays.append(data.targets[rows])
    return Batch(*(torch.from_numpy(a).to(device, non_blocking=True) for a in arrays))


def predict_probabilities(
    model: nn.Module, data: Labelled, device: torch.device
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """[N, C] class probabilities in the order of the data; the model must be in evaluation mode."""
    model = cast(SequenceClassifier, model)
    parts, order = [], []
    with torch.inference_mode():
        for rows in sorted_batches(data.sequences.lengths, _EVAL_TOKENS):
            batch = make_batch(data, rows, device)
            scores = model(batch.ids, batch.lengths)
            parts.append(model.probabilities(scores.double()).cpu().numpy())
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
    model = SequenceClassifier(
        settings, len(vocabulary), outputs, context, characters, settings.multi_label
    )
    spell_tokens(model.input, spelling, vocabulary.tokens)
    return model
