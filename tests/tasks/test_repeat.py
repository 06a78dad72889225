"""One training with several seeds and on several folds: its runs, their mean and deviation."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import mean, stdev

import pytest
import yaml

from rnntool.tasks.repeat import Repeated, parse_seeds
from tests.commands.test_workflow import SMALL, corpus
from tests.conftest import Cli, one_line_error

__all__ = ["corpus"]
FAST = ["--epochs", "1", *SMALL]


def table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "runs.tsv").open() as source:
        return {row["run"]: row for row in csv.DictReader(source, delimiter="\t")}


def results(run: Path) -> dict[str, float]:
    return yaml.safe_load((run / "config.yaml").read_text())["results"]


def test_seeds_give_a_run_each_and_one_table(cli: Cli, corpus, tmp_path):
    folder = tmp_path / "runs"
    command = ["train", "classify", corpus[0], "-o", folder, "--seeds", "1,7", *FAST]
    result = cli(*command)
    assert result.code == 0, result.err
    rows = table(folder)
    assert list(rows) == ["seed-1", "seed-7", "mean", "sd"]
    own = [results(folder / name) for name in ("seed-1", "seed-7")]
    losses = [one["validation_loss"] for one in own]
    assert losses[0] != losses[1]
    assert float(rows["mean"]["validation loss"]) == pytest.approx(mean(losses))
    assert float(rows["sd"]["validation loss"]) == pytest.approx(stdev(losses))
    alone = tmp_path / "alone"
    assert cli("train", "classify", corpus[0], "-o", alone, "--seed", 7, *FAST).code == 0
    weights = [place / "weights.safetensors" for place in (alone, folder / "seed-7")]
    assert weights[0].read_bytes() == weights[1].read_bytes()

    scored = json.loads(cli("eval", folder, corpus[1], "--json", "-q").out)
    each = [
        json.loads(cli("eval", folder / name, corpus[1], "--json", "-q").out)["accuracy"]
        for name in ("seed-1", "seed-7")
    ]
    assert [scored["runs"][name]["accuracy"] for name in ("seed-1", "seed-7")] == each
    assert scored["mean"]["accuracy"] == pytest.approx(mean(each))
    assert scored["sd"]["accuracy"] == pytest.approx(stdev(each))
    assert cli("eval", folder, corpus[1], "-q").out.splitlines()[-1].split()[0] == "sd"
    error = one_line_error(cli("eval", folder, corpus[1], "--errors", folder.parent / "wrong.tsv"))
    assert "several runs, and --errors writes the rows of one" in error
    assert "-1" in error.split("such as ")[1]

    assert "exists already; give --resume" in one_line_error(cli(*command))
    before = (folder / "seed-1" / "weights.safetensors").stat().st_mtime_ns
    assert cli(*command, "--resume").code == 0
    assert (folder / "seed-1" / "weights.safetensors").stat().st_mtime_ns == before
    (folder / "mine.txt").write_text("x")
    assert "holds other files (mine.txt)" in one_line_error(cli(*command, "--force"))


def test_each_fold_is_scored_by_the_run_that_has_not_seen_it(cli: Cli, corpus, tmp_path):
    folder = tmp_path / "runs"
    result = cli("train", "classify", corpus[0], "-o", folder, "--folds", 3, *FAST)
    assert result.code == 0, result.err
    rows = table(folder)
    assert list(rows) == ["fold-1", "fold-2", "fold-3", "mean", "sd"]
    header, *lines = corpus[0].read_text("utf-8").splitlines()
    found = []
    for fold in (1, 2, 3):
        run = folder / f"fold-{fold}"
        config = yaml.safe_load((run / "config.yaml").read_text())
        assert (config["settings"]["folds"], config["settings"]["fold"]) == (3, fold)
        found.append(config["results"]["test_accuracy"])
    assert float(rows["mean"]["test accuracy"]) == pytest.approx(mean(found))
    # By hand: the rows that the fold's run was not trained on.
    import numpy as np

    from rnntool.data.split import folds_of

    strata = np.array([int(line.split("\t")[2]) for line in lines])
    folds = folds_of(strata, 3, 1)
    held = [line for line, own in zip(lines, folds, strict=True) if own == 2]
    path = tmp_path / "held.tsv"
    path.write_text("\n".join([header, *held]) + "\n", encoding="utf-8")
    scored = json.loads(cli("eval", folder / "fold-2", path, "--json", "-q").out)
    assert scored["documents"] == 100
    assert scored["accuracy"] == pytest.approx(found[1])
    assert scored["loss"] == pytest.approx(results(folder / "fold-2")["test_loss"], rel=1e-5)


def test_folds_and_seeds_together_and_one_fold_alone(cli: Cli, corpus, tmp_path):
    folder = tmp_path / "runs"
    words = ["train", "classify", corpus[0], "--folds", 2, *FAST]
    assert cli(*words, "-o", folder, "--seeds", "3,4").code == 0
    assert list(table(folder))[:4] == [
        "seed-3-fold-1", "seed-3-fold-2", "seed-4-fold-1", "seed-4-fold-2"
    ]  # fmt: skip
    alone = tmp_path / "alone"
    assert cli(*words, "--fold", 2, "--seed", 4, "-o", alone).code == 0
    assert results(alone)["test_loss"] == results(folder / "seed-4-fold-2")["test_loss"]


def test_any_task_has_seeds(cli: Cli, tmp_path):
    text = tmp_path / "x.txt"
    text.write_text("abcabcabc\n" * 60)
    folder = tmp_path / "runs"
    result = cli("train", "lm", text, "-o", folder, "--seeds", "1,2", "--hidden", 8, "--epochs", 1,
                 "--batch-size", 2, "--bptt", 10, "--threads", 1, "-q")  # fmt: skip
    assert result.code == 0, result.err
    assert "validation perplexity" in table(folder)["mean"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--seeds", "1,x"), "--seeds is '1,x'; give different whole numbers"),
        (("--seeds", "1,1"), "give different whole numbers"),
        (("--folds", 1), "--folds is 1 and --fold is 1; give --folds 2 or more"),
        (("--folds", 3, "--fold", 4), "a --fold up to that"),
        (("--folds", 301), "has 300 rows, and --folds is 301"),
    ],
)
def test_what_does_not_fit_is_said(cli: Cli, corpus, tmp_path, options, says):
    result = cli("train", "classify", corpus[0], "-o", tmp_path / "runs", *options, *FAST)
    assert says in one_line_error(result)


def test_standard_input_and_a_runs_own_folder_are_refused(cli: Cli, corpus, tmp_path):
    result = cli("train", "classify", "-", "-o", tmp_path / "x", "--seeds", "1,2", *FAST, input="x")
    assert "is read once, and several runs train on it" in one_line_error(result)


def test_mean_and_deviation():
    found = Repeated({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 3.0}})
    assert found.summary() == {"mean": {"x": 2.0}, "sd": {"x": pytest.approx(2**0.5)}}
    assert Repeated({"a": {"x": 1.0}}).summary()["sd"] == {"x": 0.0}
    assert parse_seeds(None) == []
    assert parse_seeds("3, 1") == [3, 1]
