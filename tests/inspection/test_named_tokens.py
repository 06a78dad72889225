"""`inspect-grad` says which token each of its steps is."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.conftest import one_line_error
from tests.inspection.small_runs import train_small_runs
from tests.inspection.test_pictures import words

TEXT = "좋다 정말 영화 보고"


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return train_small_runs(tmp_path_factory.mktemp("named"))


def rows_of(table: str) -> list[list[str]]:
    """Cells of the first table's rows: those that begin with a number."""
    rows = [re.split(r"  +", line.strip()) for line in table.splitlines()]
    return [row for row in rows if row[0].isdigit()]


def test_each_row_has_its_token_from_the_end_of_each_directions_reading(cli, runs):
    out = cli("inspect-grad", runs / "both", "--text", TEXT).out
    first = rows_of(out.split("layer 1 backward")[0])
    assert [row[1] for row in first] == ["보고", "영화", "정말", "좋다"]
    back = rows_of(out.split("layer 1 backward")[1].split("W_hh: norm")[0])
    assert [row[1] for row in back] == ["좋다", "정말", "영화", "보고"]


def test_rows_that_are_left_out_do_not_shift_the_tokens(cli):
    text = " ".join(f"w{n}" for n in range(60))
    out = cli("inspect-grad", "--cell", "rnn", "--hidden", 4, "--text", text).out
    rows = rows_of(out.split("W_hh: norm")[0])
    assert len(rows) == 20
    assert all(row[1] == f"w{59 - int(row[0])}" for row in rows)


def test_json_and_csv_name_tokens_and_what_the_loss_asks_for(cli, runs):
    record = json.loads(cli("inspect-grad", runs / "both", "--text", TEXT, "--json").out)
    forward, backward = record["layers"]
    assert forward["tokens"] == backward["tokens"][::-1] == ["보고", "영화", "정말", "좋다"]
    by_predict = json.loads(cli("predict", runs / "both", "--json", "-q", input=TEXT + "\n").out)
    assert record["target"] == by_predict["label"]
    asked = cli("inspect-grad", runs / "both", "--text", TEXT, "--label", "bad", "--json")
    assert json.loads(asked.out)["target"] == "bad"
    rows = csv.DictReader(io.StringIO(cli("inspect-grad", runs / "lm", "--text", "hel",
                                          "--csv").out))  # fmt: skip
    assert [row["token"] for row in rows] == ["e", "h"]
    record = json.loads(cli("inspect-grad", runs / "lm", "--text", "hel", "--json").out)
    assert record["target"] == "l"


def test_a_mean_over_texts_names_none(cli, runs):
    result = cli("inspect-grad", runs / "both", runs / "train.tsv", "--limit", 3, "-q")
    assert "steps back  ‖∂L/∂h‖" in result.out
    result = cli("inspect-grad", runs / "both", runs / "train.tsv", "--limit", 3, "--json", "-q")
    record = json.loads(result.out)
    assert record["target"] is None
    assert record["layers"][0]["tokens"] == []


def test_the_pictures_axis_is_the_text(cli, runs, tmp_path):
    out = tmp_path / "flow.svg"
    assert cli("inspect-grad", runs / "both", "--text", TEXT, "--plot", out, "-q").code == 0
    lines = words(out).split("\n")
    places = [lines.index(token) for token in TEXT.split()]
    assert places == sorted(places)
    assert "both, loss of" in "\n".join(lines)
    assert str(runs) not in "\n".join(lines)
    assert "steps back in time" not in lines  # the directions count them from different ends
    out.unlink()
    assert cli("inspect-grad", "--cell", "rnn", "--text", "a $b$ c", "--plot", out, "-q").code == 0
    assert {"steps back in time", "$b$"} <= set(words(out).split("\n"))
    assert cli("inspect-grad", runs / "both", runs / "train.tsv", "--limit", 2, "--plot", out,
               "--force", "-q").code == 0  # fmt: skip
    assert "mean over 2 texts" in words(out)


def test_no_row_is_wider_than_a_terminal(cli, runs):
    text = "아주" * 40 + " 좋다 " + "x" * 300
    out = cli("inspect-grad", runs / "both", "--text", text).out
    rows = [line.rstrip() for line in out.splitlines() if line.startswith(" ")]
    assert [row for row in rows if cell_len(row) > 80] == []
    assert "…" in out


@pytest.mark.parametrize("command", ["inspect-grad", "trace"])
def test_bad_input_is_one_line_that_says_what_to_do(cli, runs, command):
    empty = one_line_error(cli(command, runs / "both", "--text", "  "))
    assert "--text: has no text with a token" in empty
    none = one_line_error(cli(command, runs / "cnn", "--text", TEXT))
    assert "has no recurrent layer" in none
    assert "--encoder recurrent" in none
    other = one_line_error(cli(command, runs / "tagger", "--text", TEXT))
    assert "was trained for 'tag'" in other
