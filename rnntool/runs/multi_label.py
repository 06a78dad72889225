"""The report of `eval` for texts with any number of labels.

Shapes: N documents, C labels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.runs.metrics import ClassScore, F1Scores, Floats, Table, score_table

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
        return [
            (names, [[getattr(self, name) for name in names]]),
            score_table("label", self.classes),
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
    scores = F1Scores((given & truth).sum(axis=0), given.sum(axis=0), truth.sum(axis=0))
    right, said, support = (int(n.sum()) for n in (scores.right, scores.given, scores.support))
    likely = np.where(truth, probabilities, 1 - probabilities)
    return MultiLabelReport(
        documents=len(truth),
        micro_f1=2 * right / max(1, said + support),
        macro_f1=scores.macro,
        micro_precision=right / max(1, said),
        micro_recall=right / max(1, support),
        accuracy=float((given == truth).all(axis=1).mean()),
        loss=float(-np.log(np.maximum(likely, 1e-12)).mean()),
        threshold=threshold,
        classes=scores.by_class(labels),
    )


def multi_label_figures(probabilities: Floats, truth: Bools) -> dict[str, float]:
    """The figures reported during training."""
    found = multi_label_report(probabilities, truth, [""] * truth.shape[1])
    names = ("loss", "accuracy", "micro_f1", "macro_f1")
    return {name: getattr(found, name) for name in names}
