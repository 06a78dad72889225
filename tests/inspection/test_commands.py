"""`inspect-grad`, `trace` and `plot` as a user types them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import one_line_error

ROOT = Path(__file__).parents[2]
TEXT = "이 영화 정말 재밌다 또 보고 싶다"


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    folder = tmp_path_factory.mktemp("inspect")
    (folder / "train.tsv").write_text(
        "document\tlabel\n" + "좋다 정말 영화\tgood\n나쁘다 정말 영화\tbad\n" * 20, encoding="utf-8"
    )
    (folder / "text.txt").write_text("hello world\n" * 60, encoding="utf-8")
    common = ["--epochs", "1", "--hidden", "6", "--threads", "1", "-q"]
    for arguments in (
        ["train", "classify", folder / "train.tsv", "-o", folder / "gru", "--cell", "gru",
         "--bidirectional", "--layers", "2", "--embedding-dim", "5", *common],
        ["train", "classify", folder / "train.tsv", "-o", folder / "last", "--pooling", "last",
         *common],
        ["train", "lm", folder / "text.txt", "-o", folder / "lm", "--batch-size", "2", "--bptt",
         "20", *common],
    ):  # fmt: skip
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == 0, result.stderr
    return folder


def test_a_runs_flow_has_a_verdict_for_each_layer_and_direction(cli, runs):
    result = cli("inspect-grad", runs / "gru", "--text", TEXT)
    assert result.code == 0, result.err
    assert result.out.count("layer ") == 4
    assert "spectral radius" in result.out


@pytest.mark.parametrize("run", ["gru", "last", "lm"])
def test_the_three_gradients_agree_on_a_trained_model(cli, runs, run):
    result = cli("inspect-grad", runs / run, "--check", "--text", "좋다 정말", "--entries", 10)
    assert result.code == 0, result.err
    assert "against finite differences" in result.out


def test_a_difference_beyond_the_tolerance_is_an_error(cli):
    result = cli("inspect-grad", "--check", "--cell", "lstm", "--text", "a b c", "--hidden", 4,
                 "--entries", 6, "--tolerance", 0)  # fmt: skip
    assert "gradients differ by" in one_line_error(result)


def test_json_and_csv_hold_the_same_norms(cli):
    flags = ("--compare", "rnn,lstm", "--hidden", 8, "--length", 12, "--text", "a b c")
    records = [json.loads(x) for x in cli("inspect-grad", *flags, "--json").out.splitlines()]
    assert [record["model"] for record in records] == ["rnn", "lstm"]
    rows = list(csv.DictReader(io.StringIO(cli("inspect-grad", *flags, "--csv").out)))
    assert len(rows) == 24
    assert [float(r["gradient"]) for r in rows[:12]] == records[0]["layers"][0]["gradient"]
    clipped = records[0]["gradient_norm_clipped"]
    assert clipped == pytest.approx(min(1.0, records[0]["gradient_norm"]))


def test_the_average_over_texts_of_a_file_uses_their_labels(cli, runs):
    result = cli("inspect-grad", runs / "last", runs / "train.tsv", "--limit", 5, "--json", "-q")
    assert json.loads(result.out)["texts"] == 5
    wrong = cli("inspect-grad", runs / "last", "--text", "좋다", "--label", "god")
    assert "'god' was not seen in training" in one_line_error(wrong)


def test_a_spectral_radius_beyond_one_explodes_and_a_small_one_vanishes(cli):
    def verdict(radius: float) -> str:
        flags = ("--cell", "rnn-relu", "--length", 60, "--text", "a b c d", "--json")
        record = json.loads(cli("inspect-grad", *flags, "--spectral-radius", radius).out)
        return record["layers"][0]["verdict"]["text"]

    assert verdict(3.0).startswith("explodes")
    assert verdict(0.5).startswith("vanishes")


def test_the_worked_example_is_traced_to_its_published_digits(cli):
    weights = ROOT / "examples" / "by-hand" / "weights.yaml"
    result = cli("trace", "--weights", weights, "--text", "I I I", "--json")
    steps = [json.loads(line) for line in result.out.splitlines()]
    published = [(0.3509740057, 0.3226118845, 0.3264141098),
                 (0.3305215335, 0.3350053806, 0.3344730858),
                 (0.3311340611, 0.3344102744, 0.3344556645)]  # fmt: skip
    for step, expected in zip(steps, published, strict=True):
        found = [step["output"][name] for name in ("난", "널", "사랑해")]
        assert found == pytest.approx(expected, abs=1e-9)
    unknown = cli("trace", "--weights", weights, "--text", "I hate you")
    assert "unknown input 'hate'" in one_line_error(unknown)


def test_a_trace_of_a_run_shows_gates_and_what_it_would_say(cli, runs):
    result = cli("trace", runs / "last", "--text", "좋다 정말", "--json")
    steps = [json.loads(line) for line in result.out.splitlines()]
    assert [step["token"] for step in steps] == ["좋다", "정말"]
    assert set(steps[0]["values"]) >= {"i", "f", "g", "o", "c", "h"}
    assert len(steps[0]["values"]["f"]) == 6
    predicted = cli("predict", runs / "last", "--proba", "--json", "-q", input="좋다 정말\n").out
    by_predict = json.loads(predicted)["probabilities"]
    assert steps[-1]["output"] == pytest.approx(by_predict, abs=1e-5)
    table = cli("trace", runs / "lm", "--text", "hel", "--csv").out
    steps = {row.split(",")[0] for row in table.splitlines()[1:]}
    assert steps == {"0", "1", "2", "3"}  # 0: what a text begins after


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_are_drawn_and_the_same_twice(cli, runs, tmp_path, suffix):
    path = tmp_path / f"p.{suffix}"
    for command in (
        ("inspect-grad", runs / "gru", "--text", TEXT, "--plot", path),
        ("plot", runs / "gru", runs / "last", "--force", "-o", path),
        ("plot", runs / "gru", "--confusion", runs / "train.tsv", "--force", "-o", path),
        ("plot", runs / "gru", "--map", "--words", "좋다,정말,영화", "--force", "-o", path),
    ):
        assert cli(*command, "-q").code == 0
        first = path.read_bytes()
        assert len(first) > 2000
        path.unlink()
        assert cli(*command, "-q").code == 0
        if suffix != "svg":  # whose ids are random
            assert path.read_bytes() == first


def test_bad_input_is_one_line(cli, runs, tmp_path):
    assert "run directory, or --cell" in one_line_error(cli("inspect-grad"))
    assert "unknown cell 'lstmm'" in one_line_error(
        cli("inspect-grad", "--compare", "lstmm", "--text", "a b")
    )
    assert "no text with a token" in one_line_error(
        cli("inspect-grad", "--cell", "rnn", "--text", " ")
    )
    assert "is not the name of a picture" in one_line_error(
        cli("inspect-grad", "--cell", "rnn", "--text", "a b", "--plot", tmp_path / "x.txt")
    )
    assert "give a run directory, or" in one_line_error(cli("trace"))
    words = cli(
        "plot", runs / "gru", "--map", "--words", "없다,정말,영화", "-o", tmp_path / "x.png"
    )
    assert "없다" in one_line_error(words)


@pytest.fixture(scope="module")
def kept(runs) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = runs / "kept"
    arguments = ["train", "classify", runs / "train.tsv", "-o", path, "--keep-epochs", "--epochs",
                 "3", "--hidden", "6", "--threads", "1", "-q"]  # fmt: skip
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.stderr
    return path


def test_the_flow_over_training_has_a_row_for_each_epoch_and_the_start(cli, kept):
    result = cli("inspect-grad", kept, "--over-training", "--text", TEXT)
    assert result.code == 0, result.err
    assert [f"epoch {n}" in result.out for n in range(5)] == [True] * 4 + [False]
    result = cli("inspect-grad", kept, "--over-training", "--text", TEXT, "--json")
    flows = [json.loads(line) for line in result.out.splitlines()]
    assert [flow["model"] for flow in flows] == [f"epoch {n}" for n in range(4)]
    assert len({flow["loss"] for flow in flows}) == 4


def test_the_best_epoch_of_those_kept_is_the_run(cli, kept):
    run = json.loads(cli("inspect-grad", kept, "--text", TEXT, "--json").out)
    best = json.loads(cli("describe", kept, "--json").out)["results"]["best_epoch"]
    flows = cli("inspect-grad", kept, "--text", TEXT, "--json", "--over-training").out.splitlines()
    losses = [json.loads(flow)["loss"] for flow in flows]
    assert losses[best] == run["loss"]
    assert losses.count(run["loss"]) == 1


def test_runs_without_kept_epochs_say_how_to_keep_them(cli, runs):
    result = cli("inspect-grad", runs / "gru", "--over-training", "--text", TEXT)
    assert "train with --keep-epochs" in one_line_error(result)


@pytest.mark.parametrize("extra", [("--encoder", "cnn"), ("--layer-norm",), ("--residual",)])
def test_what_cannot_be_looked_into_is_named(cli, runs, tmp_path, extra):
    run = tmp_path / "run"
    assert cli("train", "classify", runs / "train.tsv", "-o", run, "--epochs", 1, "--hidden", 6,
               "--threads", 1, "-q", *extra).code == 0  # fmt: skip
    result = cli("inspect-grad", run, "--text", TEXT)
    wanted = "no recurrent layer" if "cnn" in extra else "only plain recurrent layers can be"
    assert wanted in one_line_error(result)
