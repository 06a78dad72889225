"""The stages as a user pipes them, on a small corpus that is easy to learn."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.conftest import Cli, one_line_error

GOOD = ["재밌다", "최고", "감동", "추천", "웃겼다", "명작"]
BAD = ["지루하다", "최악", "노잼", "돈아깝다", "졸았다", "별로"]
NEUTRAL = ["영화", "정말", "배우", "보고", "나서", "이번", "그냥", "극장", "에서", "친구"]
# One thread: small matrices gain nothing from two, and threads that wait disturb other tests.
SMALL = ["--hidden", "16", "--embedding-dim", "16", "--batch-size", "16", "--lr", "0.02",
         "--threads", "1", "-q"]  # fmt: skip


def write_reviews(path: Path, rows: int, seed: int) -> Path:
    draw = random.Random(seed)
    lines = ["id\tdocument\tlabel"]
    for i in range(rows):
        label = i % 2
        words = draw.choices(NEUTRAL, k=draw.randint(0, 9))
        words.insert(draw.randint(0, len(words)), draw.choice((BAD, GOOD)[label]))
        lines.append(f"{i}\t{' '.join(words)}\t{label}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return write_reviews(folder / "train.txt", 300, 1), write_reviews(folder / "test.txt", 100, 2)


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """A run directory made by the commands."""
    from typer.testing import CliRunner

    from rnntool.commands import app

    folder = tmp_path_factory.mktemp("trained")
    for arguments in (
        ["tokenize", "-t", "whitespace", corpus[0], "-o", folder / "train.tok", "-q"],
        ["build-vocab", folder / "train.tok", "-o", folder / "vocab.tsv", "-q"],
        ["train-embeddings", "cbow", folder / "train.tok", "--dim", 16, "--min-count", 1,
         "--threads", 1, "-o", folder / "cbow.vec", "-q"],
        ["train", "classify", folder / "train.tok", "--vocab", folder / "vocab.tsv",
         "--vectors", folder / "cbow.vec", "--epochs", 4, "-o", folder / "run", *SMALL],
    ):  # fmt: skip
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == 0, result.output
    return folder


def test_the_whole_workflow_learns_and_generalizes(cli: Cli, trained, corpus, tmp_path):
    wrong = tmp_path / "wrong.tsv"
    result = cli("eval", trained / "run", corpus[1], "--json", "--errors", wrong, "-q")
    report = json.loads(result.out)
    assert report["documents"] == 100
    assert report["accuracy"] >= 0.95
    assert sum(map(sum, report["confusion"])) == 100
    right = report["confusion"][0][0] + report["confusion"][1][1]
    assert report["accuracy"] == pytest.approx(right / 100)
    assert len(wrong.read_text().splitlines()) - 1 == 100 - right
    assert sorted(p.name for p in (trained / "run").iterdir()) == [
        "config.yaml", "labels.txt", "metrics.jsonl", "vocab.tsv", "weights.safetensors",
    ]  # fmt: skip


def test_eval_takes_tokens_as_well_and_refuses_those_of_another_tokenizer(
    cli: Cli, trained, corpus, tmp_path
):
    tokens = tmp_path / "test.tok"
    assert cli("tokenize", "-t", "whitespace", corpus[1], "-o", tokens, "-q").code == 0
    raw = cli("eval", trained / "run", corpus[1], "--json", "-q").out
    assert cli("eval", trained / "run", tokens, "--json", "-q").out == raw
    assert cli("tokenize", "-t", "char", corpus[1], "--force", "-o", tokens, "-q").code == 0
    error = one_line_error(cli("eval", trained / "run", tokens, "-q"))
    assert "'char'" in error
    assert "'whitespace'" in error


@pytest.mark.parametrize("end", ["", "\n"])
def test_predict_answers_every_line_blank_ones_too(cli: Cli, trained, end):
    lines = "이번 영화 최고\n\n극장 에서 졸았다\n모르는말"
    result = cli("predict", trained / "run", "-q", input=lines + end)
    answers = [line.split("\t") for line in result.out.splitlines()]
    assert [label for label, _ in answers][0::2] == ["1", "0"]
    assert len(answers) == 4
    assert all(0.5 <= float(probability) <= 1 for _, probability in answers)


def test_predict_gives_probabilities_text_and_json(cli: Cli, trained):
    result = cli("predict", trained / "run", "--proba", "--text", "-q", input="영화 최고\n")
    label, first, second, text = result.out.rstrip("\n").split("\t")
    assert (label, text) == ("1", "영화 최고")
    assert float(first.removeprefix("0=")) + float(second.removeprefix("1=")) == pytest.approx(1)
    result = cli("predict", trained / "run", "--proba", "--json", "-q", input="영화 최고\n")
    answer = json.loads(result.out)
    assert answer["probabilities"]["1"] == answer["probability"] > 0.5


def test_predict_reads_the_text_column_of_a_table(cli: Cli, trained, corpus):
    result = cli("predict", trained / "run", corpus[1], "-q")
    assert len(result.out.splitlines()) == 100


@pytest.mark.parametrize("unit", ["softmax", "sigmoid"])
@pytest.mark.parametrize("options", [
    ["--cell", "rnn", "--pooling", "all"],
    ["--cell", "gru", "--bidirectional", "--layers", "2", "--pooling", "max"],
    ["--cell", "lstm", "--input", "one-hot", "--pooling", "last", "--average", "0.9"],
])  # fmt: skip
def test_every_kind_of_model_learns(cli: Cli, trained, corpus, tmp_path, unit, options):
    run = tmp_path / "run"
    result = cli("train", "classify", trained / "train.tok", "-o", run, "--output-unit", unit,
                 "--epochs", 5, *options, *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    report = json.loads(cli("eval", run, corpus[1], "--json", "-q").out)
    assert report["accuracy"] >= 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(cli: Cli, trained, tmp_path):
    weights = []
    for number, seed in enumerate((3, 3, 4)):
        run = tmp_path / str(number)
        result = cli("train", "classify", trained / "train.tok", "-o", run, "--deterministic",
                     "--seed", seed, "--epochs", 1, "--dropout", 0.3, *SMALL)  # fmt: skip
        assert result.code == 0, result.err
        weights.append((run / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_metrics_have_a_line_an_epoch_and_the_best_is_kept(trained):
    entries = [json.loads(line) for line in (trained / "run" / "metrics.jsonl").open()]
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4]
    assert entries[-1]["train_loss"] < entries[0]["train_loss"]
    import yaml

    config = yaml.safe_load((trained / "run" / "config.yaml").read_text(encoding="utf-8"))
    best = max(entry["validation_accuracy"] for entry in entries)
    assert config["results"]["validation_accuracy"] == best
    assert config["settings"]["embedding_dim"] == 16
    assert len(config["inputs"]["train"]["sha256"]) == 64


def test_describe_counts_parameters(cli: Cli, trained):
    report = json.loads(cli("describe", trained / "run", "--json").out)
    lstm = 4 * 16 * (16 + 16)
    embedding = 16 * report["vocabulary"]
    assert report["parameters_one_bias"] == lstm + 4 * 16 + embedding + 2 * 3 * 16 + 2
    assert report["parameters"] == report["parameters_one_bias"] + 4 * 16


def test_more_than_two_classes(cli: Cli, tmp_path):
    path = tmp_path / "three.tsv"
    rows = [f"{w} {n}\t{label}" for n in NEUTRAL
            for label, words in (("좋음", GOOD), ("나쁨", BAD), ("보통", ["그저", "무난"]))
            for w in words]  # fmt: skip
    path.write_text("document\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    run = tmp_path / "run"
    assert cli("train", "classify", path, "-o", run, "--epochs", 5, *SMALL).code == 0
    assert (run / "labels.txt").read_text(encoding="utf-8").split() == ["나쁨", "보통", "좋음"]
    out = cli("predict", run, "-q", input="최악 영화\n명작 영화\n무난 영화\n").out
    assert [line.split("\t")[0] for line in out.splitlines()] == ["나쁨", "좋음", "보통"]


def test_a_validation_file_and_max_length(cli: Cli, trained, corpus, tmp_path):
    tokens = tmp_path / "valid.tok"
    assert cli("tokenize", "-t", "whitespace", corpus[1], "-o", tokens, "-q").code == 0
    options = [o for o in SMALL if o != "-q"]
    result = cli("train", "classify", trained / "train.tok", "-o", tmp_path / "run",
                 "--validation", tokens, "--max-length", 3, "--epochs", 1, *options)  # fmt: skip
    assert result.code == 0, result.err
    assert "300 documents for training, 100 for validation" in result.err
    assert "documents were cut to --max-length" in result.err
    error = cli("train", "classify", trained / "train.tok", "-o", tmp_path / "r2",
                "--validation", "1.5", *SMALL)  # fmt: skip
    assert "--validation is 1.5; give a share of at least 0, below 1" in one_line_error(error)


def test_settings_from_a_file_and_progress_as_json(cli: Cli, trained, tmp_path):
    arguments = ["train", "classify", trained / "train.tok", "-o", tmp_path / "run"]
    printed = cli(*arguments, "--cell", "gru", "--hidden", 8, "--epochs", 2, "--print-config")
    assert not (tmp_path / "run").exists()
    config = tmp_path / "c.yaml"
    config.write_text(printed.out, encoding="utf-8")
    result = cli(*arguments, "--config", config, "--epochs", 1, "--log-format", "json")
    events = [json.loads(line) for line in result.err.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [1]
    settings = json.loads(cli("describe", tmp_path / "run", "--json").out)["settings"]
    assert (settings["cell"], settings["hidden"], settings["epochs"]) == ("gru", 8, 1)


def test_init_from_takes_weights_and_refuses_another_vocabulary(cli: Cli, trained, tmp_path):
    arguments = ["train", "classify", trained / "train.tok", "--hidden", 16, "--embedding-dim", 16,
                 "--epochs", 1, "--lr", 0, "--weight-decay", 0, "-q"]  # fmt: skip
    vocab = ["--vocab", trained / "vocab.tsv"]
    result = cli(*arguments, *vocab, "--init-from", trained / "run", "-o", tmp_path / "a")
    assert result.code == 0, result.err
    weights = [run / "weights.safetensors" for run in (trained / "run", tmp_path / "a")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    error = one_line_error(
        cli(*arguments, "--min-count", 30, "--init-from", trained / "run", "-o", tmp_path / "b")
    )
    assert "has a different vocabulary" in error
