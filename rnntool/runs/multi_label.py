"""The report of `eval` for texts with any number of labels.

Shapes: N documents, C labels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.runs.metrics import ClassScore, Floats, Table

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class MultiLabelReport:
    """All figures of one evaluation."""

    documents: int
    micro_f1: float  # of all labels of all documents together
    macro_f1: float  # mean over labels; rare and common labels count the same
    micro_precision: float
    micro_recall: float
    accuracy: float  # share of documents with all labels right
    loss: float  # mean binary cross-entropy, in nats per label
    threshold: float  # minimum probability of a predicted label
    classes: list[ClassScore]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """The overall figures, and those of each label."""
        names = ["documents", "micro_f1", "macro_f1", "micro_precision", "micro_recall",
                 "accuracy", "loss"]  # fmt: skip
        rows = [[c.label, c.precision, c.recall, c.f1, c.support] for c in self.classes]
        return [
            (names, [[getattr(self, name) for name in names]]),
            (["label", "precision", "recall", "f1", "support"], rows),
        ]


def multi_label_report(
    probabilities: Floats, truth: Bools, labels: list[str], threshold: float = 0.5
) -> MultiLabelReport:
    """Figures from [N, C] probabilities and [N, C] true labels.

    A label that is never predicted has precision 0; one that never occurs has recall 0. The macro
    F1 is the mean over the labels that occur or are predicted. Micro figures count every pair of a
    document and a label.
    """
    given = probabilities >= threshold
    right, said, support = ((given & truth).sum(axis=0), given.sum(axis=0), truth.sum(axis=0))
    precision, recall = right / np.maximum(said, 1), right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(said + support, 1)
    occurring = f1[said + support > 0]
    likely = np.where(truth, probabilities, 1 - probabilities)
    return MultiLabelReport(
        documents=len(truth),
        micro_f1=float(2 * right.sum() / max(1, said.sum() + support.sum())),
        macro_f1=float(occurring.mean()) if len(occurring) else 0.0,
        micro_precision=float(right.sum() / max(1, said.sum())),
        micro_recall=float(right.sum() / max(1, support.sum())),
        accuracy=float((given == truth).all(axis=1).mean()),
        loss=float(-np.log(np.maximum(likely, 1e-12)).mean()),
        threshold=threshold,
        classes=[
            ClassScore(label, float(p), float(r), float(f), int(n))
            for label, p, r, f, n in zip(labels, precision, recall, f1, support, strict=True)
        ],
    )


def multi_label_figures(probabilities: Floats, truth: Bools) -> dict[str, float]:
    """The figures reported during training."""
    found = multi_label_report(probabilities, truth, [""] * truth.shape[1])
    names = ("loss", "accuracy", "micro_f1", "macro_f1")
    return {name: getattr(found, name) for name in names}
