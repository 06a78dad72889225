"""Two runs of a workflow write the same bytes into every file that is not a clock's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml

from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli

_CLOCKS = ("seconds", "examples_per_second")
_SMALL = ("--hidden", 8, "--embedding-dim", 8, "--batch-size", 16, "--epochs", 2, "--threads", 1,
          "--deterministic", "-q")  # fmt: skip


@pytest.fixture(autouse=True)
def as_before():
    yield
    torch.use_deterministic_algorithms(False)


def test_two_runs_of_a_workflow_write_the_same_bytes(cli: Cli, tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        workflow(cli)
    one, two = (contents(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert len(one) > 25
    for name in one:
        assert one[name] == two[name], name


def workflow(cli: Cli) -> None:
    """Every stage that writes a file, from texts to answers."""
    write_reviews(Path("reviews.txt"), 200, 4)
    Path("plain.txt").write_text("영화 정말 최고\n배우 최악\n" * 60, "utf-8")
    tokens = ("train.tok",)
    for words in (
        ("tokenize", "-t", "mecab", "reviews.txt", "-o", "train.tok"),
        ("build-vocab", "train.tok", "-o", "vocab.tsv"),
        ("build-vocab", "train.tok", "--subword", 60, "-o", "subword.json"),
        ("train-embeddings", "cbow", *tokens, "--dim", 8, "--threads", 1, "-o", "cbow.vec"),
        ("train-embeddings", "skipgram", *tokens, "--dim", 8, "--threads", 1, "--subword",
         "-o", "skipgram.bin"),
        ("train", "classify", *tokens, "--vocab", "vocab.tsv", "-o", "classify", *_SMALL),
        ("train", "lm", "plain.txt", "-o", "lm", *_SMALL),
        ("train", "bilm", *tokens, "-o", "bilm", *_SMALL),
        ("train", "classify", *tokens, "--init", "bilm", "-o", "tuned", *_SMALL[4:]),
        ("predict", "classify", "reviews.txt", "-o", "answers.tsv"),
        ("predict", "tuned", "plain.txt", "--json", "-o", "answers.jsonl"),
        ("embed", "bilm", "plain.txt", "--pool", "mean", "-o", "vectors.npz"),
        ("score", "lm", "plain.txt", "-o", "scores.tsv"),
        ("generate", "lm", "--prompt", "영화", "--length", 40, "-o", "written.txt"),
    ):  # fmt: skip
        result = cli(*words, "-q", *([] if words[0] != "train" else ["--device", "cpu"]))
        assert result.code == 0, (words, result.err)
    Path("eval.json").write_text(cli("eval", "classify", "reviews.txt", "--json", "-q").out)


def contents(folder: Path) -> dict[str, object]:
    """Every file's bytes; a run's own account of itself without its clock."""
    found: dict[str, object] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content: object = path.read_bytes()
        if path.name == "metrics.jsonl":
            content = [timeless(json.loads(line)) for line in path.read_text().splitlines()]
        if path.name == "config.yaml":
            config = yaml.safe_load(path.read_text("utf-8"))
            content = config | {"results": timeless(config["results"])}
        found[str(path.relative_to(folder))] = content
    return found


def timeless(entry: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entry.items() if key not in _CLOCKS}
