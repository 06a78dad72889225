from __future__ import annotations

import numpy as np
import pytest

from rnntool.runs.metrics import calibration_error, classification_report


def test_figures_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    report = classification_report(probabilities, np.array([0, 1, 1, 1]), ["나쁨", "좋음"])
    assert report.accuracy == 0.75
    assert report.confusion == [[1, 0], [1, 2]]
    bad, good = report.classes
    assert (bad.precision, bad.recall, bad.support) == (0.5, 1.0, 1)
    assert (good.precision, good.recall, good.support) == (1.0, pytest.approx(2 / 3), 3)
    assert bad.f1 == pytest.approx(2 / 3)
    assert report.loss == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())


def test_a_class_that_never_occurs_has_zeros_and_a_row():
    report = classification_report(np.array([[0.9, 0.05, 0.05]]), np.array([0]), ["a", "b", "c"])
    assert report.confusion == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert [c.recall for c in report.classes] == [1.0, 0.0, 0.0]


def test_calibration_error_by_hand():
    """Two bins: 0.9 twice, right once (gap 0.4); 0.6 twice, right twice (gap 0.4)."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(probabilities, np.array([0, 1, 0, 0])) == pytest.approx(0.4)


def test_a_perfectly_calibrated_model_has_no_error():
    random = np.random.default_rng(1)
    second = random.uniform(size=200_000)
    truth = (random.uniform(size=len(second)) < second).astype(int)
    assert calibration_error(np.stack([1 - second, second], axis=1), truth) < 0.005


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        ([0, 0, 1, 1], [0, 1, 1, 1]),  # the third class occurs nowhere
        ([0, 0, 1, 1], [0, 2, 1, 1]),  # it is predicted, and never true
        ([0, 2, 1, 2], [0, 1, 1, 1]),  # it is true, and never predicted
        ([0, 0, 0], [0, 0, 0]),
        ([2, 1, 0, 2, 2], [2, 1, 0, 1, 2]),
    ],
)
def test_figures_are_scikit_learns(truth, predicted):
    from sklearn import metrics

    report = classification_report(np.eye(3)[predicted], np.array(truth), ["a", "b", "c"])
    assert report.macro_f1 == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert report.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    numbers = [0, 1, 2]
    assert report.confusion == metrics.confusion_matrix(truth, predicted, labels=numbers).tolist()
    table = metrics.precision_recall_fscore_support(
        truth, predicted, labels=numbers, zero_division=0
    )
    ours = np.array([[c.precision, c.recall, c.f1, c.support] for c in report.classes]).T
    np.testing.assert_allclose(ours, np.array(table), atol=1e-12)


def test_the_bins_of_the_calibration_error_are_closed_above():
    """Confidence 9/15 = 0.6 belongs to (8/15, 9/15], with 0.56 and not with 0.64."""

    def error(confidence: list[float], right: list[int]) -> float:
        p = np.array(confidence)
        return calibration_error(np.stack([p, 1 - p], axis=1), 1 - np.array(right))

    assert error([0.6, 0.56], [1, 0]) == pytest.approx(abs(1 - 1.16) / 2)  # one bin: they even out
    assert error([0.6, 0.64], [1, 0]) == pytest.approx((0.4 + 0.64) / 2)  # two bins
    for m in range(8, 16):  # each edge, by Guo et al. 2017, eq. 3, written out
        p, right = np.array([m / 15, m / 15 - 0.01]), np.array([1, 0])
        expected = 0.0
        for lower in range(15):
            inside = (p > lower / 15) & (p <= (lower + 1) / 15)
            if inside.any():
                gap = abs(right[inside].mean() - p[inside].mean())
                expected += inside.sum() / 2 * gap
        assert error(p.tolist(), right.tolist()) == pytest.approx(expected)
