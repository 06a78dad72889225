"""The figures of `eval`: named figures, or a report for classes.

Shapes: N documents, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Table = tuple[list[str], list[list[Any]]]  # headings, rows
_MANY = 8  # with more classes, the confusion matrix is wider than a terminal
_BINS = 15  # number of bins of equal width, as in Guo et al. 2017


@dataclass(frozen=True)
class NamedFigures:
    """Figures with names, for tasks whose report is a single table."""

    values: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return self.values

    def tables(self) -> list[Table]:
        """One table."""
        return [figure_table(self.values)]


def figure_table(figures: Mapping[str, Any]) -> Table:
    """One row for each figure that is not None."""
    rows = [[name, value] for name, value in figures.items() if value is not None]
    return ["figure", "value"], rows


@dataclass(frozen=True)
class ClassScore:
    """One class's figures."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int  # number of documents whose true class this is


@dataclass(frozen=True)
class ClassificationReport:
    """All figures of one evaluation."""

    documents: int
    accuracy: float
    macro_f1: float
    loss: float  # mean negative log-likelihood, in nats per document
    calibration_error: float  # expected calibration error, 15 bins
    classes: list[ClassScore]
    confusion: list[list[int]]  # rows: true class, columns: predicted class

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """The overall figures, those of each class, and the confusions."""
        names = ["documents", "accuracy", "macro_f1", "loss", "calibration_error"]
        labels = [c.label for c in self.classes]
        pairs = zip(labels, self.confusion, strict=True)
        whole: Table = (["true \\ predicted", *labels], [[label, *row] for label, row in pairs])
        return [
            (names, [[getattr(self, name) for name in names]]),
            self.class_table("class"),
            whole if len(labels) <= _MANY else self.confusions(),
        ]

    def confusions(self, counted: str = "documents", most: int = 15) -> Table:
        """The largest confusions: true class, predicted class, count, share of the true class.

        Args:
            counted: heading of the counts: what has a class.
            most: rows of the table at most.
        """
        labels = [c.label for c in self.classes]
        found = [
            (count, labels[true], labels[predicted], count / max(1, self.classes[true].support))
            for true, row in enumerate(self.confusion)
            for predicted, count in enumerate(row)
            if true != predicted and count
        ]
        found.sort(key=lambda entry: -entry[0])
        rows: list[list[Any]] = [[t, p, count, share] for count, t, p, share in found[:most]]
        return ["true", "predicted", counted, "share of true"], rows

    def class_table(self, name: str) -> Table:
        """The figures of each class; see `score_table`."""
        return score_table(name, self.classes)


def score_table(name: str, classes: list[ClassScore]) -> Table:
    """The figures of each class.

    Args:
        name: heading of the classes, such as "class" or "tag".
    """
    rows = [[c.label, c.precision, c.recall, c.f1, c.support] for c in classes]
    return [name, "precision", "recall", "f1", "support"], rows


def classification_report(
    probabilities: Floats, truth: Ints, labels: list[str]
) -> ClassificationReport:
    """Figures from [N, C] probabilities and [N] true classes.

    A class that is never predicted has precision 0; a class that never occurs has recall 0. The
    macro F1 is the mean over the classes that occur in the data or among the predictions (the
    default of scikit-learn).
    """
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_of(truth, predicted, len(labels))
    scores = f1_scores(confusion)
    likelihood = probabilities[np.arange(len(truth)), truth]
    return ClassificationReport(
        documents=len(truth),
        accuracy=float((predicted == truth).mean()),
        macro_f1=scores.macro,
        loss=float(-np.log(np.maximum(likelihood, np.finfo(float).tiny)).mean()),
        calibration_error=calibration_error(probabilities, truth),
        classes=scores.by_class(labels),
        confusion=confusion.tolist(),
    )


@dataclass(frozen=True)
class F1Scores:
    """Scores of C classes from their counts [C]."""

    right: Ints  # how often the class is predicted and true
    given: Ints  # predicted
    support: Ints  # true

    @property
    def precision(self) -> Floats:
        """[C]; 0 for a class that is never predicted."""
        return self.right / np.maximum(self.given, 1)

    @property
    def recall(self) -> Floats:
        """[C]; 0 for a class that never occurs."""
        return self.right / np.maximum(self.support, 1)

    @property
    def f1(self) -> Floats:
        """[C]."""
        found: Floats = 2 * self.right / np.maximum(self.given + self.support, 1)
        return found

    @property
    def macro(self) -> float:
        """Mean F1 of the classes that occur in the data or among the predictions; 0 if none do."""
        occurring = self.f1[self.given + self.support > 0]
        return float(occurring.mean()) if len(occurring) else 0.0

    def by_class(self, labels: list[str]) -> list[ClassScore]:
        """The scores of each class by its name."""
        columns = (self.precision, self.recall, self.f1, self.support)
        return [
            ClassScore(*own) for own in zip(labels, *(c.tolist() for c in columns), strict=True)
        ]


def confusion_of(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """[C, C] counts from [N] true (rows) and [N] predicted classes (columns)."""
    pairs = truth * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def f1_scores(confusion: Ints) -> F1Scores:
    """Scores from `confusion_of`."""
    return F1Scores(confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1))


def calibration_error(probabilities: Floats, truth: Ints) -> float:
    """Expected calibration error (Guo et al. 2017, eq. 3), with M bins ((m − 1) / M, m / M].

    Documents are put into bins by confidence. The error is the mean over documents of |accuracy −
    mean confidence| in the document's bin. With 0.05, predictions of 90 % confidence are right in
    about 85 or 95 of 100 cases.
    """
    bins = confidence_bins(probabilities, truth)
    gaps = [own.answers * abs(own.right - own.confidence) for own in bins]
    return float(sum(gaps) / len(truth))


class Bin(NamedTuple):
    """Answers of about the same confidence."""

    confidence: float  # their mean
    right: float  # share of them
    answers: int  # how many


def confidence_bins(probabilities: Floats, truth: Ints) -> list[Bin]:
    """The M bins ((m − 1) / M, m / M] of the calibration error; an empty one has zeros."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # The first upper edge that is not below the confidence; rounding may exceed the last edge.
    edges = np.arange(1, _BINS + 1) / _BINS
    bins = np.minimum(np.searchsorted(edges, confidence, side="left"), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    sums = [np.bincount(bins, weights=own, minlength=_BINS) for own in (confidence, right)]
    means = [own / np.maximum(1, counts) for own in sums]
    return [Bin(*own) for own in zip(*(m.tolist() for m in means), counts.tolist(), strict=True)]
