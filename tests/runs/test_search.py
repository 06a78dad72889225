"""A search over settings: trials, table, best run, resuming, bad spaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import one_line_error


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("search") / "data.tsv"
    path.write_text("".join(f"가{n}\tA\n나{n}\tB\n\n" for n in range(30)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def base(data) -> Path:
    path = data.parent / "base.yaml"
    path.write_text("epochs: 1\nthreads: 1\nembedding-dim: 4\ncharacter-dim: 4\n", "utf-8")
    return path


def space(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_grid_tries_all_and_keeps_the_best(cli, data, base, tmp_path):
    wanted = space(tmp_path, "hidden: [2, 12]\nlr: [0.0, 0.03]\n")
    out = tmp_path / "out"
    first = ("search", "tag", data, "--space", wanted, "--base", base, "-o", out,
             "--method", "grid")  # fmt: skip
    result = cli(*first, "--trials", 2, "--json", "-q")
    assert result.code == 0, result.err
    assert len(result.out.splitlines()) == 2
    assert "exists already" in one_line_error(cli(*first))
    result = cli(*first, "--resume", "--json", "-q")
    assert result.code == 0, result.err
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert sorted((row["hidden"], row["lr"]) for row in rows) == [
        (2, 0.0), (2, 0.03), (12, 0.0), (12, 0.03),
    ]  # fmt: skip
    scores = [row["validation_accuracy"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    table = (out / "trials.tsv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 5
    described = json.loads(cli("describe", out / "best", "--json").out)
    assert described["settings"]["hidden"] == rows[0]["hidden"]
    assert described["results"]["validation_accuracy"] == scores[0]
    assert sorted(path.name for path in out.iterdir()) == ["best", "study.journal", "trials.tsv"]


def test_a_trial_that_fails_is_named_and_the_others_go_on(cli, data, base, tmp_path):
    wanted = space(tmp_path, "encoder: [cnn-rnn, recurrent]\nconv-pool: [2]\n")
    result = cli("search", "tag", data, "--space", wanted, "--base", base, "-o", tmp_path / "out",
                 "--method", "grid", "--json")  # fmt: skip
    assert result.code == 0, result.err
    assert "--conv-pool must be 1" in result.err
    assert [json.loads(line)["encoder"] for line in result.out.splitlines()] == ["recurrent"]


def test_a_killed_search_tries_its_trial_again(cli, data, tmp_path):
    wanted = space(tmp_path, "hidden: [2, 12]\n")
    base, out = tmp_path / "base.yaml", tmp_path / "out"
    base.write_text("epochs: 100000\npatience: 0\nthreads: 1\n", encoding="utf-8")
    first = ("search", "tag", data, "--space", wanted, "--base", base, "-o", out,
             "--method", "grid", "-q")  # fmt: skip
    command = [sys.executable, "-m", "rnntool", *map(str, first)]
    process = subprocess.Popen(command, start_new_session=True)
    wait_for(lambda: (out / "trial-0.partial" / "checkpoint").is_dir())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    base.write_text("epochs: 1\nthreads: 1\n", encoding="utf-8")
    result = cli(*first, "--resume", "--json")
    assert result.code == 0, result.err
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert sorted(row["hidden"] for row in rows) == [2, 12]
    assert sorted(path.name for path in out.iterdir()) == ["best", "study.journal", "trials.tsv"]


def test_a_search_killed_before_it_kept_its_best_run_keeps_it_when_it_goes_on(
    cli, data, base, tmp_path
):
    wanted = space(tmp_path, "hidden: [2, 12]\nlr: [0.0, 0.03]\n")
    out = tmp_path / "out"
    first = ("search", "tag", data, "--space", wanted, "--base", base, "-o", out,
             "--method", "grid", "--json", "-q")  # fmt: skip
    result = cli(*first, "--trials", 2)
    best = json.loads(result.out.splitlines()[0])
    (out / "best").rename(out / f"trial-{best['trial']}")
    result = cli(*first, "--resume", "--trials", 2)
    assert result.code == 0, result.err
    settings = json.loads(cli("describe", out / "best", "--json").out)["settings"]
    assert (settings["hidden"], settings["lr"]) == (best["hidden"], best["lr"])


def test_a_random_search_that_goes_on_draws_new_values(cli, data, base, tmp_path):
    wanted = space(tmp_path, "lr: {low: 0.001, high: 0.01}\n")
    first = ("search", "tag", data, "--space", wanted, "--base", base, "-o", tmp_path / "out",
             "--method", "random", "--json", "-q")  # fmt: skip
    assert cli(*first, "--trials", 1).code == 0
    result = cli(*first, "--resume", "--trials", 2)
    assert len({json.loads(line)["lr"] for line in result.out.splitlines()}) == 2


def test_the_budget_ends_a_trial_under_way(cli, data, base, tmp_path):
    wanted = space(tmp_path, "epochs: [5000]\n")
    result = cli("search", "tag", data, "--space", wanted, "--base", base, "-o", tmp_path / "out",
                 "--minutes", 0.05, "-q")  # fmt: skip
    assert "the time budget ended" in one_line_error(result)


@pytest.mark.parametrize(("text", "message"), [
    ("hiden: [1]\n", "tag has no setting 'hiden'"),
    ("hidden: 3\n", "neither a list of choices nor a range"),
    ("hidden: {low: 3, high: 1}\n", "neither a list of choices nor a range"),
    ("", "contains no setting"),
    ("- a\n", "not a mapping"),
])  # fmt: skip
def test_bad_spaces_are_refused(cli, data, tmp_path, text, message):
    result = cli("search", "tag", data, "--space", space(tmp_path, text), "-o", tmp_path / "out")
    assert message in one_line_error(result)
    assert not (tmp_path / "out").exists()


def test_ranges_need_no_grid(cli, data, tmp_path):
    wanted = space(tmp_path, "lr: {low: 0.001, high: 0.01, log: true}\n")
    result = cli("search", "tag", data, "--space", wanted, "-o", tmp_path / "out", "--method",
                 "grid")  # fmt: skip
    assert "--method grid needs lists" in one_line_error(result)
