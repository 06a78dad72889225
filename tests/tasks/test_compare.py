"""`rnntool compare`: two runs on the same rows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from scipy.stats import binomtest
from typer.testing import CliRunner

from rnntool.commands import app
from tests.conftest import one_line_error
from tests.inspection.small_runs import train_small_runs

TEST = "document\tlabel\n" + "".join(
    f"{text}\t{label}\n"
    for text, label in [("좋다 정말", "good"), ("나쁘다 영화", "bad"), ("정말 영화", "good"),
                        ("영화", "bad"), ("정말", "good"), ("나쁘다", "good")] * 4
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = train_small_runs(tmp_path_factory.mktemp("runs"))
    (folder / "test.tsv").write_text(TEST, encoding="utf-8")
    arguments = ["train", "classify", str(folder / "train.tsv"), "-o", str(folder / "better"),
                 "--epochs", "12", "--hidden", "6", "--embedding-dim", "6", "--lr", "0.02",
                 "--validation", "0", "--threads", "1", "-q"]  # fmt: skip
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder


def read_rows(path: Path) -> list[dict[str, str]]:
    heading, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [dict(zip(heading, row, strict=True)) for row in rows]


def test_classifiers_are_compared_as_eval_and_predict_see_them(cli, runs, tmp_path):
    a, b, data, rows = runs / "last", runs / "better", runs / "test.tsv", tmp_path / "rows.tsv"
    result = cli("compare", a, b, data, "--json", "--rows", rows, "-q")
    found = json.loads(result.out)
    accuracy, loss = found["figures"]
    for run, side in ((a, "a"), (b, "b")):
        figures = json.loads(cli("eval", run, data, "--json", "-q").out)
        assert accuracy[side] == pytest.approx(figures["accuracy"])
        assert loss[side] == pytest.approx(figures["loss"])
    texts, labels = zip(*(line.split("\t") for line in TEST.splitlines()[1:]), strict=True)
    answers = [
        [line.split("\t")[0] for line in cli("predict", run, "-", "-q", input="\n".join(texts))
         .out.splitlines()]
        for run in (a, b)
    ]  # fmt: skip
    differing = [n for n, (x, y) in enumerate(zip(*answers, strict=True)) if x != y]
    assert differing, "runs that agree everywhere show nothing"
    assert [int(row["line"]) - 2 for row in read_rows(rows)] == differing
    assert [row["a"] for row in read_rows(rows)] == [answers[0][n] for n in differing]
    right = [[x == y for x, y in zip(own, labels, strict=True)] for own in answers]
    only_a = sum(x and not y for x, y in zip(*right, strict=True))
    only_b = sum(y and not x for x, y in zip(*right, strict=True))
    assert (found["exact"]["only_a"], found["exact"]["only_b"]) == (only_a, only_b)
    assert found["exact"]["p"] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)


def test_tables_fit_a_terminal_and_name_both_runs(cli, runs):
    result = cli("compare", runs / "last", runs / "cnn", runs / "test.tsv")
    assert "McNemar's exact test, p" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert f"a is {runs / 'last'}, b is {runs / 'cnn'}" in result.err


def test_taggers_are_compared_token_by_token(cli, runs, tmp_path):
    other = tmp_path / "other"
    assert cli("train", "tag", runs / "tags.conllu", "-o", other, "--epochs", 1, "--hidden", 2,
               "--lr", 1e-6, "--seed", 3, "--threads", 1, "-q").code == 0  # fmt: skip
    rows = tmp_path / "rows.tsv"
    result = cli("compare", other, runs / "tagger", runs / "tags.conllu", "--json", "--rows", rows,
                 "-q")  # fmt: skip
    found = json.loads(result.out)
    (accuracy,) = found["figures"]
    for run, side in ((other, "a"), (runs / "tagger", "b")):
        figures = json.loads(cli("eval", run, runs / "tags.conllu", "--json", "-q").out)
        assert accuracy[side] == pytest.approx(figures["accuracy"])
    assert (found["rows"], found["exact"]["of"]) == (20, "tokens")
    exact = found["exact"]
    assert exact["both"] + exact["only_a"] + exact["only_b"] + exact["neither"] == 40
    assert len(read_rows(rows)) == found["differing"] >= exact["only_a"] + exact["only_b"] > 0


def test_entity_counts_sum_to_seqevals_f1():
    import numpy as np

    from rnntool.tasks.tag.entities import entity_counts, entity_f1

    tags = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 5, (2, 60))
    predicted[:30] = truth[:30]
    offsets = np.arange(0, 61, 6)
    right, whole = entity_counts(truth, predicted, offsets, tags).sum(axis=0)
    assert 0 < right < whole
    assert right / whole == pytest.approx(entity_f1(truth, predicted, offsets, tags))


def test_language_models_are_compared_line_by_line(cli, runs, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("hello\nworld hello\nlow\n" * 5, encoding="utf-8")
    rows = tmp_path / "rows.tsv"
    result = cli("compare", runs / "lm", runs / "words", text, "--json", "--rows", rows, "-q")
    found = json.loads(result.out)
    (bits,) = found["figures"]
    characters = sum(len(line) + 1 for line in text.read_text().splitlines())
    scores = []
    for run, side in ((runs / "lm", "a"), (runs / "words", "b")):
        lines = cli("score", run, text, "-q").out.splitlines()
        scores.append([float(line.split("\t")[0]) for line in lines])
        assert bits[side] == pytest.approx(-sum(scores[-1]) / characters / math.log(2), rel=1e-4)
    assert found["exact"]["test"] == "sign test"
    assert found["exact"]["only_b"] == sum(y > x for x, y in zip(*scores, strict=True))
    assert [row["text"] for row in read_rows(rows)] == text.read_text().splitlines()
    assert "not in its vocabulary" in result.err  # "low" is no word of the second


def test_what_cannot_be_compared_is_said_in_one_line(cli, runs, tmp_path):
    data = runs / "test.tsv"
    assert "labels of the same" not in one_line_error(cli("compare", runs / "last", "no", data))
    error = one_line_error(cli("compare", runs / "last", runs / "tagger", data, "-q"))
    assert "task 'tag'" in error
    assert "'classify'" in error
    other = tmp_path / "train.tsv"
    other.write_text("document\tlabel\n" + "좋다 영화\tpos\n나쁘다 영화\tneg\n" * 20, "utf-8")
    assert cli("train", "classify", other, "-o", tmp_path / "run", "--epochs", 1, "--hidden", 4,
               "--embedding-dim", 4, "-q").code == 0  # fmt: skip
    error = one_line_error(cli("compare", runs / "last", tmp_path / "run", data, "-q"))
    assert "labels 'neg, pos'" in error
    error = one_line_error(cli("compare", runs / "last", runs / "cnn", "-", "-q", input=TEST))
    assert "give a file" in error
