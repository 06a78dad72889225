"""Several classifiers that answer together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import one_line_error

SMALL = ("--epochs", 1, "--hidden", 4, "--embedding-dim", 4, "--threads", 1, "-q")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    folder = tmp_path_factory.mktemp("ensemble")
    (folder / "train.tsv").write_text(
        "document\tlabel\n" + "좋다 영화\tgood\n나쁘다 영화\tbad\n" * 20, encoding="utf-8"
    )
    (folder / "other.tsv").write_text(
        "document\tlabel\n" + "좋다 영화\tyes\n나쁘다 영화\tno\n" * 20, encoding="utf-8"
    )
    for name, data, seed in (("a", "train", 1), ("b", "train", 2), ("c", "other", 1)):
        arguments = ["train", "classify", folder / f"{data}.tsv", "-o", folder / name, "--seed",
                     seed, *SMALL]  # fmt: skip
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == 0, result.stderr
    return folder


def answer(cli, run: Path, *options: object) -> dict[str, float]:
    result = cli("predict", run, "--proba", "--json", "-q", "--threads", 1, *options,
                 input="좋다 영화\n")  # fmt: skip
    assert result.code == 0, result.err
    return json.loads(result.out)["probabilities"]


def test_an_ensembles_probabilities_are_the_mean(cli, runs):
    a, b = answer(cli, runs / "a"), answer(cli, runs / "b")
    both = answer(cli, runs / "a", "--ensemble", runs / "b")
    assert a != b
    for label in a:
        assert both[label] == pytest.approx((a[label] + b[label]) / 2)
    scored = cli("eval", runs / "a", runs / "train.tsv", "--ensemble", runs / "b", "--json", "-q")
    assert json.loads(scored.out)["documents"] == 40


def test_other_labels_do_not_answer_together(cli, runs):
    result = cli("predict", runs / "a", "--ensemble", runs / "c", input="좋다\n")
    assert "labels 'no, yes', but" in one_line_error(result)
