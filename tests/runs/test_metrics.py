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
