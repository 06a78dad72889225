"""Forecasting from a series to the next values, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rnntool.data.windows import cut
from rnntool.formats.series import read_series
from tests.conftest import one_line_error

SMALL = ("--hidden", 16, "--window", 12, "--threads", 1, "-q")


def daily(path: Path, days: int, columns: str = "Date,Temp") -> Path:
    dates = np.datetime64("2001-01-01") + np.arange(days)
    wave = 10 * np.sin(2 * np.pi * np.arange(days) / 12)
    names = columns.split(",")[1:]
    rows = [",".join([f'"{d}"', *(f"{w + 3 * k:.3f}" for k in range(len(names)))])
            for d, w in zip(dates, wave, strict=True)]  # fmt: skip
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def series(tmp_path_factory) -> Path:
    return daily(tmp_path_factory.mktemp("series") / "wave.csv", 900)


@pytest.fixture(scope="module")
def run(series) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = series.parent / "run"
    arguments = ["train", "forecast", str(series), "-o", str(path), "--epochs", "12",
                 "--horizon", "3", *map(str, SMALL)]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    return path


def test_a_wave_is_forecast_far_better_than_by_its_last_value(cli, run, series):
    result = cli("eval", run, series, "--json", "-q", "--threads", 1)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    figures = found["figures"]
    assert figures["model"]["rmse"] < 0.3 * figures["last value"]["rmse"]
    assert figures["year before"]["rmse"] > 1  # 365 days are not a whole number of waves
    assert found["forecasts"] == (90 - 3 + 1) * 3  # the test part alone
    assert len(found["rmse_by_step"]["Temp"]) == 3


def test_baselines_are_the_rules_by_hand(cli, run, series):
    values = read_series(str(series)).values[:, 0]
    figures = json.loads(cli("eval", run, series, "--json", "-q", "--threads", 1).out)["figures"]
    last, year = [], []
    for start in range(810, 898):
        for step in range(3):
            last.append(values[start - 1] - values[start + step])
            year.append(values[start + step - 365] - values[start + step])
    assert figures["last value"]["mae"] == pytest.approx(np.abs(last).mean(), rel=1e-5)
    assert figures["year before"]["rmse"] == pytest.approx(
        np.sqrt(np.square(year).mean()), rel=1e-5
    )


def test_predict_says_what_comes_after_the_end(cli, run, series):
    result = cli("predict", run, series, "-v", "--log-format", "plain", "--threads", 1)
    assert "torch computes the answers" in result.err
    lines = result.out.splitlines()
    assert lines[0] == "step\tTemp"
    assert [line.split("\t")[0] for line in lines[1:]] == ["2003-06-20", "2003-06-21", "2003-06-22"]
    true = [10 * np.sin(2 * np.pi * n / 12) for n in (900, 901, 902)]
    assert np.allclose([float(line.split("\t")[1]) for line in lines[1:]], true, atol=3)
    record = json.loads(
        cli("predict", run, series, "-q", "--json", "--threads", 1).out.split("\n")[0]
    )
    assert record["time"] == "2003-06-20"


def test_the_scale_is_learned_on_the_training_part_alone(cli, tmp_path):
    path = tmp_path / "jump.csv"
    values = [*np.sin(np.arange(80)), *(1000 + np.sin(np.arange(20)))]
    path.write_text("v\n" + "\n".join(f"{v:.4f}" for v in values) + "\n", encoding="utf-8")
    assert cli("train", "forecast", path, "-o", tmp_path / "run", "--epochs", 1, *SMALL).code == 0
    from rnntool.formats.weights import read_weights

    weights = read_weights(tmp_path / "run" / "weights.safetensors")
    assert abs(weights["mean"][0]) < 0.1
    assert weights["deviation"][0] == pytest.approx(np.sin(np.arange(80)).std(), rel=1e-3)


def test_windows_look_back_over_the_border_and_never_ahead():
    values = np.arange(20.0)[:, None]
    windows = cut(values, 10, 15, window=4, horizon=2)
    assert windows.starts.tolist() == [10, 11, 12, 13]
    assert windows.read(np.array([0]))[0, :, 0].tolist() == [6, 7, 8, 9]
    assert windows.ahead(np.array([3]), [0])[0, :, 0].tolist() == [13, 14]


def test_several_columns_and_one_target_and_a_window_of_one(cli, tmp_path):
    path = daily(tmp_path / "two.csv", 200, "Date,a,b")
    result = cli("train", "forecast", path, "-o", tmp_path / "run", "--target", "b", "--epochs", 1,
                 "--encoder", "cnn", "--conv-filters", 4, "--pooling", "max", "--window", 1,
                 "--threads", 1, "-q")  # fmt: skip
    assert result.code == 0, result.err
    assert cli("predict", tmp_path / "run", path, "-q", "--threads", 1).out.startswith("step\tb\n")


def test_ten_minute_files_of_many_columns_are_read(tmp_path):
    path = tmp_path / "jena.csv"
    rows = [f"01.01.2009 {n // 6:02d}:{n % 6}0:00,{900 + n},{n / 10}" for n in range(30)]
    path.write_text('"Date Time","p (mbar)","T (degC)"\n' + "\n".join(rows) + "\n", "utf-8")
    series = read_series(str(path))
    assert series.columns == ["p (mbar)", "T (degC)"]
    assert series.times is not None
    assert (series.times[1] - series.times[0]).total_seconds() == 600
    assert series.gaps() == []


def test_the_day_a_year_before_is_found_over_leap_years(tmp_path):
    path = daily(tmp_path / "long.csv", 1600)
    series = read_series(str(path))
    before = series.year_before()
    assert series.times is not None
    leap = next(n for n, t in enumerate(series.times) if (t.month, t.day) == (2, 29))
    assert series.times[before[leap]].strftime("%m-%d") == "02-28"
    assert before[0] == -1


@pytest.mark.parametrize(("text", "options", "message"), [
    ("Date,v\n2001-01-01,1\n2001-01-02,\n", (), ":3: no value in column 'v'"),
    ("Date,v\n2001-01-01,1\n2001-01-02,?0.2\n", (), ":3: '?0.2' is not a number"),
    ("Date,v\n2001-01-02,1\n2001-01-01,2\n", (), ":3: time goes back"),
    ("Date,v\n2001-01-01,1\n2001-01-02T00:00+09:00,2\n", (), ":3: of 2001-01-01 00:00:00 and"),
    ("v\n" + "1\n" * 50, (), "column 'v' is constant"),
    ("v\n1\n2\n3\n", (), "3 rows, 2 of them for training, are too few for --window 12"),
    ("v\n1\n2\n", ("--columns", "w"), "has no column 'w'"),
    ("v,w\n1,2\n2,3\n", ("--target", "x"), "--target 'x' is not one of the columns"),
    ("v\n", (), "has a header but no rows"),
    ("v,w\n1,2\n3\n", (), ":3: 1 columns, the header has 2"),
])  # fmt: skip
def test_bad_series_are_named_with_their_line(cli, tmp_path, text, options, message):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    result = cli("train", "forecast", path, "-o", tmp_path / "run", *SMALL, *options)
    assert message in one_line_error(result)


def test_a_jump_in_time_is_warned_of(cli, tmp_path):
    path = daily(tmp_path / "gap.csv", 200)
    lines = path.read_text(encoding="utf-8").splitlines(True)
    path.write_text("".join(lines[:100] + lines[103:]), encoding="utf-8")
    result = cli("train", "forecast", path, "-o", tmp_path / "run", "--epochs", 1, *SMALL)
    assert "1 gaps in time, the first one before line 101" in result.err


def test_real_temperatures_beat_the_last_value(cli, real_data, tmp_path):
    path = real_data / "series" / "daily-min-temperatures.csv"
    result = cli("train", "forecast", path, "-o", tmp_path / "run", "--epochs", 3, "--hidden", 16,
                 "--threads", 1, "-q")  # fmt: skip
    assert result.code == 0, result.err
    figures = json.loads(cli("eval", tmp_path / "run", path, "--json", "-q", "--threads", 1).out)[
        "figures"
    ]
    assert figures["model"]["mae"] < figures["last value"]["mae"]
