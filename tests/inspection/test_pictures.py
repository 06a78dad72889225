"""What stands in the pictures, read from their SVG."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rnntool import tasks
from rnntool.inspection import fonts
from rnntool.inspection.figures import draw_confusion
from rnntool.reporting import QuietReporter
from rnntool.runs.metrics import classification_report
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.forecast.settings import ForecastSettings
from tests.commands.test_workflow import write_reviews
from tests.conftest import one_line_error


def words(svg: Path) -> str:
    """The texts of a picture: matplotlib notes each in a comment."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_reviews(folder / "reviews", 40, 5)
    classify = ClassifySettings(hidden=4, embedding_dim=4, epochs=3, patience=0)
    tasks.train("classify", [str(folder / "reviews")], str(folder / "영화"), classify,
                QuietReporter())  # fmt: skip
    rows = "".join(f"{n},{np.sin(n):.4f}\n" for n in range(80))
    (folder / "series.csv").write_text("n,value\n" + rows)
    forecast = ForecastSettings(hidden=4, epochs=2, window=5, columns="value")
    tasks.train("forecast", [str(folder / "series.csv")], str(folder / "f"), forecast,
                QuietReporter())  # fmt: skip
    return folder


def test_curves_show_loss_and_the_deciding_figure(cli, runs, tmp_path):
    out = tmp_path / "c.svg"
    assert cli("plot", runs / "영화", "-o", out, "-q").code == 0
    text = words(out)
    assert "loss (nats)" in text
    assert "accuracy" in text
    assert "영화, validation" in text
    assert str(runs) not in text  # the run's name, not its path
    assert not re.search(r"^1\.25$", text, flags=re.M)  # whole epochs


def test_a_forecasters_loss_is_not_in_nats_and_tasks_are_not_mixed(cli, runs, tmp_path):
    out = tmp_path / "c.svg"
    assert cli("plot", runs / "f", "-o", out, "-q").code == 0
    assert "nats" not in words(out)
    assert "RMSE" in words(out)
    error = one_line_error(cli("plot", runs / "영화", runs / "f", "-o", out))
    assert "was trained for 'forecast'" in error
    assert "draw them apart" in error


def test_hangul_without_a_font_is_said_in_one_line(cli, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "korean_font", lambda: None)
    out = tmp_path / "c.svg"
    result = cli("plot", runs / "영화", "-o", out)
    (line,) = (line for line in result.err.splitlines() if "warning" in line)
    assert "no font here has Hangul" in line
    assert "koreanize-matplotlib" in line
    assert "yeonghwa, validation" in words(out)


def test_a_font_comes_along():
    pytest.importorskip("koreanize_matplotlib", reason="the extra `plots` brings it")
    assert fonts.korean_font() is not None


def test_a_matrix_of_thirty_classes_can_be_read(tmp_path):
    matrix = (np.eye(30, dtype=int) * 9).tolist()
    matrix[3][7] = 5
    draw_confusion(matrix, [f"c{n}" for n in range(30)], str(tmp_path / "m.svg"))
    text = words(tmp_path / "m.svg").split("\n")
    assert text.count("9") == 30
    assert text.count("0") == 0
    assert text.count("5") == 1


def test_the_table_of_thirty_classes_fits_a_terminal():
    truth = np.arange(300) % 30
    predicted = np.where(np.arange(300) == 3, 7, truth)
    report = classification_report(np.eye(30)[predicted], truth, [f"c{n}" for n in range(30)])
    headings, rows = report.tables()[-1]
    assert headings == ["true", "predicted", "documents", "share of the true"]
    assert rows == [["c3", "c7", 1, 0.1]]
