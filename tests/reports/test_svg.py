"""Charts as SVG: positions, ticks and text."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from rnntool.reports.svg import Axis, Line, axis_of, line_chart
from rnntool.runs.metrics import calibration_error, confidence_bins


def places(svg: str) -> list[tuple[float, float]]:
    """The points of the first line, in the units of the picture."""
    points = re.search(r'class="line[^"]*" points="([^"]*)"', svg)[1]
    return [tuple(map(float, pair.split(","))) for pair in points.split()]


def test_points_stand_where_their_values_say():
    x, y = Axis("x", 0, 10), Axis("y", 0, 100)
    found = places(line_chart([Line("a", [0, 5, 10], [0, 25, 100])], x, y, "t"))
    (left, bottom), (middle, quarter), (right, top) = found
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert quarter == pytest.approx(bottom + (top - bottom) / 4, abs=0.1)
    assert top < bottom


def test_a_log_axis_has_equal_steps_for_equal_ratios():
    y = axis_of("y", [1e-6, 1e-2, 0.0], log=True)
    svg = line_chart([Line("a", [0, 1, 2], [1e-6, 1e-4, 1e-2])], Axis("x", 0, 2), y, "t")
    heights = [y for _, y in places(svg)]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert ">1e-4<" in svg


@pytest.mark.parametrize(
    ("values", "whole"),
    [([1, 2, 3], True), ([1], True), ([0.83, 0.84], False), ([-3.2, 900], False), ([7.5], False),
     ([1e-9, 3e-9], False), ([1, 1000], True)],
)  # fmt: skip
def test_ticks_are_few_round_and_within(values, whole):
    axis = axis_of("a", values, whole=whole)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 12
    assert len({name for _, name in ticks}) == len(ticks)
    for value, name in ticks:
        assert axis.low - 1e-9 <= value <= axis.high + 1e-9
        assert float(name.replace(",", "")) == pytest.approx(value, rel=1e-6, abs=1e-12)
        assert not whole or value == round(value)


def test_what_is_no_number_is_left_out_and_names_are_escaped():
    x, y = axis_of("<x>", [0, 1, 2]), axis_of("y & z", [1, 2, math.nan])
    svg = line_chart([Line("<i>", [0, 1, 2], [1, math.nan, 2])], x, y, '"quoted"')
    assert len(places(svg)) == 2
    ElementTree.fromstring(svg)
    assert "<i>" not in svg
    assert "&lt;x&gt;" in svg


def test_bins_of_confidence_are_counted_as_in_plain_code():
    draw = np.random.default_rng(1)
    p = draw.dirichlet([0.4, 0.6, 1.0], 500)
    truth = draw.integers(0, 3, 500)
    bins = confidence_bins(p, truth)
    error = 0.0
    for m, own in enumerate(bins, 1):
        rows = [n for n in range(500) if (m - 1) / 15 < p[n].max() <= m / 15]
        assert own.answers == len(rows)
        if rows:
            assert own.confidence == pytest.approx(np.mean([p[n].max() for n in rows]))
            assert own.right == pytest.approx(np.mean([p[n].argmax() == truth[n] for n in rows]))
            error += len(rows) / 500 * abs(own.right - own.confidence)
    assert calibration_error(p, truth) == pytest.approx(error)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.891, 0.8992], ["0.892", "0.894", "0.896", "0.898"]), ([0.0, 1.0], ["0.00", "0.25"]),
     ([0.24, 0.36], ["0.25", "0.30", "0.35"]), ([0.0, 0.0112], ["0.0000", "0.0025"])],
)  # fmt: skip
def test_ticks_have_the_digits_that_their_step_has(values, expected):
    shown = [name for _, name in axis_of("y", values).ticks()]
    assert shown[: len(expected)] == expected
