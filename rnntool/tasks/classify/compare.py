"""`rnntool compare` for two classifiers on the same labelled rows."""

from __future__ import annotations

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.fields import as_field
from rnntool.formats.rundir import Run
from rnntool.registry import SEPARATOR
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import CompareSettings
from rnntool.runs.metrics import Floats
from rnntool.runs.multi_label import Bools
from rnntool.runs.paired import MCNEMAR, Paired, exact_test, mean
from rnntool.tasks.classify.decision import DEFAULT_THRESHOLD, has_several
from rnntool.tasks.classify.evaluate import Rows, answer_rows


def compare(a: Run, b: Run, data: str, settings: CompareSettings, report: Reporter) -> Paired:
    """Compare which rows each of the two runs gets right.

    Args:
        b: a run with the same labels as `a`, in any order.

    Raises:
        UserError: a run or the data cannot be used.
    """
    several = has_several(a)
    if has_several(b) != several:
        raise UserError("only one of the runs has several labels per text", where=b.path)
    rows, of_a = answer_rows(a, data, settings.reading, report)
    _, of_b = answer_rows(b, data, settings.reading, report)
    of_b = of_b[:, [b.labels.index(label) for label in a.labels]]
    if several:
        return compare_several(rows, of_a, of_b, rows.matrix(a.labels, data), a.labels)
    truth = rows.numbers(a.labels, data)
    n = np.arange(len(truth))
    answers = of_a.argmax(axis=1), of_b.argmax(axis=1)
    smallest = np.finfo(float).tiny
    losses = [mean(-np.log(np.maximum(own[n, truth], smallest))) for own in (of_a, of_b)]
    right = answers[0] == truth, answers[1] == truth
    differing = [
        [rows.lines[i], rows.labels[i][0], a.labels[answers[0][i]], f"{of_a[i].max():.6f}",
         a.labels[answers[1][i]], f"{of_b[i].max():.6f}", as_field(rows.texts[i])]
        for i in np.flatnonzero(answers[0] != answers[1]).tolist()
    ]  # fmt: skip
    return Paired(
        "documents",
        len(truth),
        [("accuracy", mean(right[0].astype(float)), mean(right[1].astype(float))),
         ("loss", losses[0], losses[1])],
        exact_test(MCNEMAR, *right, "documents"),
        ["line", "label", "a", "a_probability", "b", "b_probability", "document"],
        differing,
    )  # fmt: skip


def compare_several(
    rows: Rows, of_a: Floats, of_b: Floats, truth: Bools, labels: list[str]
) -> Paired:
    """Texts that may have several labels: micro F1, and texts of which every label is right."""
    given = of_a >= DEFAULT_THRESHOLD, of_b >= DEFAULT_THRESHOLD
    # Micro F1 is a ratio of sums: twice the right ones, and all that are given or true.
    f1 = [
        np.stack([2 * (own & truth).sum(axis=1), own.sum(axis=1) + truth.sum(axis=1)], axis=1)
        for own in given
    ]
    right = [(own == truth).all(axis=1) for own in given]
    losses = [
        mean(-np.log(np.maximum(np.where(truth, own, 1 - own), 1e-12)).mean(axis=1))
        for own in (of_a, of_b)
    ]
    differing = [
        [rows.lines[i], SEPARATOR.join(rows.labels[i]),
         *(SEPARATOR.join(labels[n] for n in np.flatnonzero(own[i])) for own in given),
         as_field(rows.texts[i])]
        for i in np.flatnonzero((given[0] != given[1]).any(axis=1)).tolist()
    ]  # fmt: skip
    return Paired(
        "documents",
        len(truth),
        [("micro F1", f1[0].astype(float), f1[1].astype(float)),
         ("accuracy", mean(right[0].astype(float)), mean(right[1].astype(float))),
         ("loss", losses[0], losses[1])],
        exact_test(MCNEMAR, right[0], right[1], "documents"),
        ["line", "labels", "a", "b", "document"],
        differing,
    )  # fmt: skip
