"""The contents of the pictures, read from their SVG."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.font_manager import get_font

from rnntool import tasks
from rnntool.inspection import fonts, pictures, word_map
from rnntool.inspection.curves import draw_curves
from rnntool.inspection.figures import draw_confusion
from rnntool.inspection.label_places import overlaps, place_labels
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
    assert cli("plot", runs / "영화", "--force", "-o", out, "-q").code == 0
    text = words(out)
    assert "loss (nats)" in text
    assert "accuracy" in text
    assert "영화, validation" in text
    assert str(runs) not in text  # the run's name, not its path
    assert not re.search(r"^1\.25$", text, flags=re.M)  # whole epochs


def test_one_epoch_and_a_hundred_are_counted_in_whole_numbers(tmp_path):
    out = tmp_path / "c.svg"
    for last in (1, 2, 3, 100):
        epochs = [{"epoch": n, "train_loss": 1 / n, "validation_loss": 2 / n, "validation_f1": 0.5}
                  for n in range(1, last + 1)]  # fmt: skip
        draw_curves({"run": epochs}, "tag", str(out))
        ticks = words(out).split("\n")
        ticks = ticks[: ticks.index("epoch")]
        assert all(tick.isdecimal() for tick in ticks), ticks
        assert "1" in ticks or last == 100
        assert len(ticks) >= 1


def test_more_runs_than_colours_are_told_apart_by_dashes_and_markers(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr("rnntool.inspection.curves.finish", lambda figure, path: seen.update(
        {line.get_label(): (line.get_color(), line.get_marker())
         for line in figure.axes[0].lines if "validation" in line.get_label()}
    ))  # fmt: skip
    epochs = [{"epoch": 1, "train_loss": 1.0, "validation_loss": 1.0}]
    draw_curves({f"run{n}": epochs for n in range(20)}, "classify", str(tmp_path / "x.png"))
    assert len(set(seen.values())) == 20
    _, (axes,) = pictures.start(str(tmp_path / "x.png"))
    lines = [axes.plot([0, 1])[0] for _ in range(20)]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 20


def test_runs_of_one_name_are_told_apart_without_whole_paths(cli, runs, tmp_path):
    for folder in ("a", "b"):
        shutil.copytree(runs / "f", tmp_path / folder / "same")
    out = tmp_path / "c.svg"
    both = (tmp_path / "a" / "same", tmp_path / "b" / "same")
    assert cli("plot", *both, "-o", out, "-q").code == 0
    assert {"a/same, validation", "b/same, validation"} <= set(words(out).split("\n"))
    assert str(tmp_path) not in words(out)
    twice = cli("plot", runs / "f", runs / "f", "--force", "-o", out, "-q")
    assert twice.code == 0, twice.err
    assert words(out).count(", validation") == 2


def test_every_picture_says_what_it_shows_and_of_which_run(cli, runs, tmp_path):
    out = tmp_path / "x.svg"
    for flags, title in (
        ((runs / "영화",), "Loss by epoch: 영화"),
        ((runs / "영화", "--confusion", runs / "reviews"), "Confusion matrix of 영화"),
        ((runs / "영화", "--map"), "Word vectors of 영화 in two dimensions (PCA)"),
        (
            (runs / "f", "--forecast", runs / "series.csv"),
            "True values and one-step forecasts of f",
        ),
    ):
        result = cli("plot", *flags, "--force", "-o", out, "-q")
        assert result.code == 0, result.err
        assert title in words(out)
        assert str(runs) not in words(out)
    out.unlink()
    assert cli("inspect-grad", "--graph", "--cell", "gru", "--plot", out, "-q").code == 0
    assert "One step of gru" in words(out)


def test_no_label_of_a_map_lies_over_another(tmp_path, monkeypatch):
    generator = np.random.default_rng(3)
    points = generator.normal(size=(150, 2)) ** 3  # crowded in the middle
    points[10:14] = points[10]  # words at the very same place
    names = [f"{'단어' * (1 + n % 3)}{n}" for n in range(150)]
    boxes = []

    def measure(figure, path):
        labels = [t for t in figure.axes[0].texts]
        boxes.extend(label.get_window_extent().extents for label in labels)
        inside = figure.axes[0].get_window_extent()
        assert all(inside.contains(x, y) for box in boxes for x, y in (box[:2], box[2:]))

    monkeypatch.setattr(word_map, "finish", measure)
    word_map.draw_map(points, names, str(tmp_path / "m.png"), "Words")
    assert len(boxes) == 150
    for n, (x0, y0, x1, y1) in enumerate(boxes):  # pair by pair, as a reader would
        for a0, b0, a1, b1 in boxes[:n]:
            assert x1 <= a0 or a1 <= x0 or y1 <= b0 or b1 <= y0


def test_labels_stand_beside_their_points_where_there_is_room():
    points = np.array([[50.0, 50.0], [150.0, 50.0]])
    sizes = np.array([[30.0, 10.0], [20.0, 10.0]])
    corners = place_labels(points, sizes, np.array([0.0, 0.0, 200.0, 100.0]))
    assert corners is not None
    assert (np.hypot(*(corners + sizes / 2 - points).T) < 30).all()
    assert place_labels(points, sizes * 20, np.array([0.0, 0.0, 200.0, 100.0])) is None
    one = np.array([[0.0, 0.0, 2.0, 2.0]])
    assert overlaps(one, np.array([[1.0, 1.0, 3.0, 3.0]])).tolist() == [True]
    assert overlaps(one, np.array([[2.0, 0.0, 3.0, 2.0]])).tolist() == [False]


@pytest.mark.parametrize("suffix", ["PNG", "Svg"])
def test_a_names_end_may_be_in_capitals(cli, tmp_path, suffix):
    out = tmp_path / f"x.{suffix}"
    assert cli("inspect-grad", "--cell", "rnn", "--text", "a b c", "--plot", out, "-q").code == 0
    assert out.read_bytes()[:5] == (b"\x89PNG\r" if suffix == "PNG" else b"<?xml")


def test_a_forecasters_loss_is_not_in_nats_and_tasks_are_not_mixed(cli, runs, tmp_path):
    out = tmp_path / "c.svg"
    assert cli("plot", runs / "f", "--force", "-o", out, "-q").code == 0
    assert "nats" not in words(out)
    assert "RMSE" in words(out)
    error = one_line_error(cli("plot", runs / "영화", runs / "f", "--force", "-o", out))
    assert "was trained for 'forecast'" in error
    assert "draw them separately" in error
    confusion = ("plot", runs / "f", "--confusion", runs / "reviews", "--force", "-o", out)
    assert "was trained for 'forecast', not for 'classify'" in one_line_error(cli(*confusion))


def test_hangul_without_a_font_is_said_in_one_line(cli, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "korean_font", lambda: None)
    out = tmp_path / "c.svg"
    result = cli("plot", runs / "영화", "--force", "-o", out)
    (line,) = (line for line in result.err.splitlines() if "warning" in line)
    assert "no installed font has Hangul" in line
    assert "koreanize-matplotlib" in line
    assert "yeonghwa, validation" in words(out)


def test_a_font_comes_along(monkeypatch):
    """The extra `plots` brings it, for machines that have none."""
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    assert fonts.korean_font() == "NanumGothic"
    (font,) = font_manager.fontManager.ttflist
    assert ord("영") in get_font(font.fname).get_charmap()


def test_a_matrix_of_thirty_classes_can_be_read(tmp_path):
    matrix = (np.eye(30, dtype=int) * 9).tolist()
    matrix[3][7] = 5
    draw_confusion(matrix, [f"c{n}" for n in range(30)], str(tmp_path / "m.svg"))
    text = words(tmp_path / "m.svg").split("\n")
    assert text.count("9") == 30
    assert text.count("0") == 0
    assert text.count("5") == 1
    assert text.count("100%") == 29  # of the true class, beside each number
    assert "64%" in text
    assert "36%" in text


def test_the_table_of_thirty_classes_fits_a_terminal():
    truth = np.arange(300) % 30
    predicted = np.where(np.arange(300) == 3, 7, truth)
    report = classification_report(np.eye(30)[predicted], truth, [f"c{n}" for n in range(30)])
    headings, rows = report.tables()[-1]
    assert headings == ["true", "predicted", "documents", "share of true"]
    assert rows == [["c3", "c7", 1, 0.1]]
