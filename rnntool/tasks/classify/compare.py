"""`rnntool compare` for two classifiers on the same labelled rows."""

from __future__ import annotations

import numpy as np

from rnntool.formats.fields import as_field
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import CompareSettings
from rnntool.runs.paired import MCNEMAR, Paired, exact_test, mean
from rnntool.tasks.classify.evaluate import answer_rows


def compare(a: Run, b: Run, data: str, settings: CompareSettings, report: Reporter) -> Paired:
    """Compare which rows each of the two runs gets right.

    Args:
        b: a run with the same labels as `a`, in any order.

    Raises:
        UserError: a run or the data cannot be used.
    """
    rows, of_a, truth = answer_rows(a, data, settings.reading, report)
    _, of_b, _ = answer_rows(b, data, settings.reading, report)
    of_b = of_b[:, [b.labels.index(label) for label in a.labels]]
    n = np.arange(len(truth))
    answers = of_a.argmax(axis=1), of_b.argmax(axis=1)
    smallest = np.finfo(float).tiny
    losses = [mean(-np.log(np.maximum(own[n, truth], smallest))) for own in (of_a, of_b)]
    right = answers[0] == truth, answers[1] == truth
    differing = [
        [rows.lines[i], rows.labels[i], a.labels[answers[0][i]], f"{of_a[i].max():.6f}",
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
