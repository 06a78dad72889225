"""Loss and figures of a classifier, with one label per text or with several.

Shapes: B batch, N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rnntool.data.labelled import Labelled
from rnntool.data.sequences import Ints
from rnntool.runs.metrics import Floats, confusion_of, f1_scores
from rnntool.runs.multi_label import multi_label_figures
from rnntool.tasks.classify.settings import ClassifySettings


@dataclass(frozen=True)
class Batch:
    """One training batch on the device."""

    ids: Tensor  # [B, T]
    lengths: Tensor  # [B]
    labels: Tensor  # [B]
    targets: Tensor | None = None  # [B, C] probabilities to learn, if not the labels


class Objective(Protocol):
    """Loss and figures."""

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """The mean loss of [B, C] scores."""

    def correct(self, scores: Tensor, batch: Batch) -> int:
        """How many rows of the batch are answered right."""

    def figures(self, probabilities: Floats, data: Labelled) -> dict[str, float]:
        """The figures of [N, C] probabilities on the data: `loss`, `accuracy`, `macro_f1`, …"""


class OneLabel:
    """Each text has one label: cross-entropy.

    Args:
        smoothing: share of the target that is spread over all classes.
        weights: [C] weight of each class's rows; None: all equal.
    """

    def __init__(self, smoothing: float, weights: Floats | None = None) -> None:
        self.smoothing, self.weights = smoothing, weights

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """The mean over rows of weight times cross-entropy.

        It is not divided by the sum of the weights, so that parts of a batch can be added.
        """
        if batch.targets is None:
            each = classification_losses(scores, batch.labels, self.smoothing)
        else:
            each = soft_losses(scores, batch.targets)
        if self.weights is None:
            return each.mean()
        weights = torch.from_numpy(self.weights).to(each)
        return (weights[batch.labels] * each).mean()

    def correct(self, scores: Tensor, batch: Batch) -> int:
        """The number of rows whose likeliest class is the true one."""
        return int((predicted_classes(scores) == batch.labels).sum())

    def figures(self, probabilities: Floats, data: Labelled) -> dict[str, float]:
        """Loss in nats per document, accuracy and macro F1."""
        truth, predicted = data.labels, probabilities.argmax(axis=1)
        right = probabilities[np.arange(len(truth)), truth]
        scores = f1_scores(confusion_of(truth, predicted, probabilities.shape[1]))
        return {
            "loss": float(-np.log(np.maximum(right, 1e-12)).mean()),
            "accuracy": float((predicted == truth).mean()),
            "macro_f1": scores.macro,
        }


class SeveralLabels:
    """A text has any number of labels: binary cross-entropy of each, by a sigmoid.

    Args:
        smoothing: ε; the target is 1 − ε / 2 for a label that a text has, ε / 2 for others.
        weights: [C] weight of each label where a text has it; None: 1, as where it has not.
    """

    def __init__(self, smoothing: float, weights: Floats | None = None) -> None:
        self.smoothing, self.weights = smoothing, weights

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """The mean over rows and labels."""
        assert batch.targets is not None
        targets = batch.targets * (1 - self.smoothing) + self.smoothing / 2
        weights = None if self.weights is None else torch.from_numpy(self.weights).to(scores)
        return functional.binary_cross_entropy_with_logits(scores, targets, pos_weight=weights)

    def correct(self, scores: Tensor, batch: Batch) -> int:
        """The number of rows with all labels right."""
        assert batch.targets is not None
        return int(((scores > 0) == (batch.targets > 0.5)).all(dim=1).sum())

    def figures(self, probabilities: Floats, data: Labelled) -> dict[str, float]:
        """Loss in nats per label, accuracy (all labels of a text right), micro and macro F1."""
        assert data.targets is not None
        return multi_label_figures(probabilities, data.targets > 0.5)


def make_objective(settings: ClassifySettings, train: Labelled, classes: int) -> Objective:
    """The objective of the settings; balanced weights come from the training data."""
    balanced = settings.class_weight == "balanced"
    if settings.multi_label:
        assert train.targets is not None
        weights = balanced_presence(train.targets) if balanced else None
        return SeveralLabels(settings.label_smoothing, weights)
    weights = balanced_weights(train.labels, classes) if balanced else None
    return OneLabel(settings.label_smoothing, weights)


def balanced_weights(labels: Ints, classes: int) -> Floats:
    """[C] N / (C · rows of the class), as scikit-learn's `class_weight="balanced"`.

    C counts only the classes that have rows; the weights of others are never used.
    """
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights: Floats = len(labels) / (present * np.maximum(counts, 1).astype(np.float64))
    return weights


def balanced_presence(targets: Any) -> Floats:
    """[C] for each label, texts without it divided by texts with it: both then weigh the same."""
    counts = np.asarray(targets, dtype=np.float64).sum(axis=0)
    weights: Floats = np.maximum(1.0, len(targets) - counts) / np.maximum(counts, 1)
    return weights


def classification_losses(scores: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """[B] cross-entropy of [B, C] scores, or binary cross-entropy of [B, 1].

    With label smoothing ε the target is (1 − ε) on the class and ε / C on all (Szegedy et al. 2016,
    eq. 7).
    """
    if scores.shape[1] > 1:
        return functional.cross_entropy(scores, labels, label_smoothing=smoothing, reduction="none")
    target = labels.float() * (1 - smoothing) + smoothing / 2
    return functional.binary_cross_entropy_with_logits(scores.squeeze(1), target, reduction="none")


def soft_losses(scores: Tensor, targets: Tensor) -> Tensor:
    """[B] cross-entropy of [B, C] scores, or of [B, 1] of a sigmoid unit, with [B, C] targets."""
    if scores.shape[1] > 1:
        return functional.cross_entropy(scores, targets, reduction="none")
    return functional.binary_cross_entropy_with_logits(
        scores.squeeze(1), targets[:, 1], reduction="none"
    )


def predicted_classes(scores: Tensor) -> Tensor:
    """[B] class numbers from [B, C] scores, or from the [B, 1] scores of a sigmoid unit."""
    if scores.shape[1] == 1:
        return (scores.squeeze(1) > 0).long()
    return scores.argmax(dim=1)
