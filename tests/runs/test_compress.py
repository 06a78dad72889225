"""`compress`: a quarter of the size, the same answers, readable by all commands."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from rnntool import tasks
from rnntool.formats.rundir import read_run
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.weights import read_weights
from rnntool.reporting import QuietReporter
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.classify.task import ClassifyTask
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import SPECIALS, UNK_ID
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error

WIDE = {"hidden": 48, "embedding_dim": 192, "epochs": 2, "batch_size": 16, "threads": 1}
MODELS = {
    "classify": ("classify", ClassifySettings(**WIDE, bidirectional=True, lr=0.01)),
    "characters": ("classify", ClassifySettings(**WIDE, input="characters")),
    "one-hot": ("classify", ClassifySettings(hidden=48, epochs=1, input="one-hot", threads=1)),
    "lm": ("lm", LMSettings(**WIDE, layers=2, unit="word", lines=True, tie_weights=True, bptt=8)),
    "tag": ("tag", TagSettings(**WIDE)),
    "bilm": ("bilm", BiLMSettings(**WIDE, min_count=1, validation="0", samples=16)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("compress")
    rows = write_reviews(place / "classify", 300, 5).read_text("utf-8").splitlines()[1:]
    write_reviews(place / "test.txt", 100, 6)
    texts = [row.split("\t")[1] for row in rows]
    (place / "lm").write_text("\n".join(texts) + "\n", "utf-8")
    shutil.copy(place / "lm", place / "bilm")
    words = [[f"{word}\t{len(word)}" for word in text.split()] for text in texts]
    (place / "tag").write_text("".join("\n".join(rows) + "\n\n" for rows in words), "utf-8")
    for name, (task, settings) in MODELS.items():
        tasks.train(task, [str(place / task)], str(place / f"run-{name}"), settings,
                    QuietReporter())  # fmt: skip
    return place


def compressed(cli: Cli, folder: Path, name: str, output: Path, *flags: object) -> Path:
    result = cli("compress", folder / f"run-{name}", "-o", output, "-q", *flags)
    assert result.code == 0, result.err
    return output


def size_of(run: Path) -> int:
    return sum(file.stat().st_size for file in run.iterdir())


def test_a_run_is_written_again_at_a_third_and_says_what_it_is(cli: Cli, folder, tmp_path):
    run = folder / "run-classify"
    small = compressed(cli, folder, "classify", tmp_path / "small")
    weights = "weights.safetensors"
    assert (small / weights).stat().st_size <= 0.3 * (run / weights).stat().st_size
    assert {p.name for p in small.iterdir()} == {p.name for p in run.iterdir()}
    assert (small / "vocab.tsv").read_bytes() == (run / "vocab.tsv").read_bytes()
    config = yaml.safe_load((small / "config.yaml").read_text("utf-8"))
    assert config["format"] == 2
    assert config["compressed"]["weights"] == "int8, a scale a row"
    assert len(config["compressed"]["sha256 of the weights before"]) == 64
    before = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    assert "compressed" not in before
    assert {k: v for k, v in config.items() if k not in ("format", "compressed")} == {
        k: v for k, v in before.items() if k != "format"
    }


def test_the_card_stays_with_the_run_whose_score_it_states(cli: Cli, folder, tmp_path):
    run = shutil.copytree(folder / "run-classify", tmp_path / "run-classify")
    (run / "card.yaml").write_text("summary: x\n", "utf-8")
    small = compressed(cli, tmp_path, "classify", tmp_path / "small")
    assert {p.name for p in run.iterdir()} - {p.name for p in small.iterdir()} == {"card.yaml"}


@pytest.mark.parametrize("name", MODELS)
def test_figures_stay_as_they_were(cli: Cli, folder, tmp_path, name):
    data = folder / ("test.txt" if MODELS[name][0] == "classify" else MODELS[name][0])
    flags = ["--check", data, "--threads", 1, "--json"]
    result = cli("compress", folder / f"run-{name}", "-o", tmp_path / "small", "-q", *flags)
    figures = json.loads(result.out)
    assert figures["vocabulary_before"] == figures["vocabulary_after"]
    assert figures["share"] == pytest.approx(
        size_of(tmp_path / "small") / size_of(folder / f"run-{name}"), abs=1e-4
    )
    names = {"classify": ["accuracy", "loss"], "tag": ["accuracy"], "lm": ["perplexity"],
             "bilm": ["nats_per_token"]}[MODELS[name][0]]  # fmt: skip
    for figure in names:
        before, after = figures[figure]
        assert after == pytest.approx(before, rel=0.02)
        assert after > 0


@pytest.mark.parametrize("device", ["auto", "torch"])
def test_numpy_and_torch_read_the_same_rounded_weights(cli: Cli, folder, tmp_path, device):
    small = compressed(cli, folder, "classify", tmp_path / "small")
    line = "이번 영화 정말 재밌다\n극장 최악\n\n처음보는말\n"
    flags = [] if device == "auto" else ["--ensemble", small]  # torch answers for an ensemble
    result = cli("predict", small, "--proba", "-q", "--threads", 1, *flags, input=line)
    found = np.array([[float(f.split("=")[1]) for f in row.split("\t")[1:]]
                      for row in result.out.splitlines()])  # fmt: skip
    # What the rounded weights say, computed from a run that holds them as float32.
    whole = shutil.copytree(folder / "run-classify", tmp_path / "whole")
    from safetensors.numpy import save_file

    save_file(read_weights(small / "weights.safetensors"), whole / "weights.safetensors")
    result = cli("predict", whole, "--proba", "-q", "--threads", 1, input=line)
    expected = np.array([[float(f.split("=")[1]) for f in row.split("\t")[1:]]
                         for row in result.out.splitlines()])  # fmt: skip
    assert found.shape == (4, 2)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("flag", ["--max-vocab", "--min-count"])
@pytest.mark.parametrize("name", ["classify", "characters", "lm", "tag"])
def test_rare_tokens_go_and_are_unknown_from_then_on(cli: Cli, folder, tmp_path, name, flag):
    run = read_run(str(folder / f"run-{name}"))
    V, counts = len(run.vocabulary), run.vocabulary.counts
    limit = 15 if flag == "--max-vocab" else sorted(counts[4:])[6]
    small = compressed(cli, folder, name, tmp_path / "small", flag, limit)
    kept = read_vocabulary(str(small / "vocab.tsv"))
    if flag == "--max-vocab":
        wanted = set(sorted(run.vocabulary.tokens[4:], key=lambda t: -counts[run.vocabulary.ids[t]])
                     [:11])  # fmt: skip
    else:
        wanted = {t for t in run.vocabulary.tokens[4:] if counts[run.vocabulary.ids[t]] >= limit}
    assert set(kept.tokens) == wanted | set(SPECIALS)
    assert 4 < len(kept) < V
    assert sum(kept.counts) == sum(counts)
    assert kept.counts[UNK_ID] > counts[UNK_ID]
    old, new = (read_weights(place / "weights.safetensors") for place in (run.path, small))
    ids = [run.vocabulary.ids[token] for token in kept.tokens]
    cut = [n for n in new if new[n].shape != old[n].shape]
    assert cut
    for tensor in cut:
        scale = np.abs(old[tensor][ids]).max()
        np.testing.assert_allclose(new[tensor], old[tensor][ids], atol=scale / 200)
    assert cli("describe", small).code == 0


def test_the_parameters_are_counted_anew(cli: Cli, folder, tmp_path):
    for name, width in (("classify", 192), ("lm", 193)):  # tied: vectors once, and a bias
        run = read_run(str(folder / f"run-{name}"))
        small = compressed(cli, folder, name, tmp_path / name, "--max-vocab", 15)
        less = run.config.results["parameters"] - read_run(str(small)).config.results["parameters"]
        assert less == (len(run.vocabulary) - 15) * width


def test_every_command_reads_it(cli: Cli, folder, tmp_path):
    classify = compressed(cli, folder, "classify", tmp_path / "classify")
    lm = compressed(cli, folder, "lm", tmp_path / "lm", "--max-vocab", 20)
    bilm = compressed(cli, folder, "bilm", tmp_path / "bilm")
    tag = compressed(cli, folder, "tag", tmp_path / "tag")
    test = folder / "test.txt"
    for arguments, text in (
        (["eval", classify, test, "--threads", 1], None),
        (["compare", folder / "run-classify", classify, test, "--threads", 1], None),
        (["predict", tag], "이번 영화\n"),
        (["trace", classify, "--text", "이번 영화 최고"], None),
        (["inspect-grad", classify, "--text", "이번 영화 최고"], None),
        (["inspect-grad", lm, "--text", "이번 영화 정말"], None),
        (["generate", lm, "--prompt", "영화", "--length", 5], None),
        (["score", lm], "이번 영화\n"),
        (["eval", lm, folder / "lm", "--threads", 1], None),
        (["embed", bilm, "--threads", 1], "이번 영화\n"),
        (["describe", classify, "--all"], None),
        (["export", classify, "-o", tmp_path / "x.onnx", "--check", test], None),
        (["plot", classify, "-o", tmp_path / "x.png"], None),
        (["plot", classify, "--map", "--method", "pca", "-o", tmp_path / "y.png"], None),
    ):
        result = cli(*arguments, "-q", input=text)
        assert result.code == 0, (arguments, result.err)
        assert result.out.strip() or "-o" in arguments, arguments


def test_a_training_neither_starts_from_it_nor_goes_on_with_it(cli: Cli, folder, tmp_path):
    classify = compressed(cli, folder, "classify", tmp_path / "classify")
    bilm = compressed(cli, folder, "bilm", tmp_path / "bilm")
    data = folder / "classify"
    train = ["train", "classify", data, "-q", "--threads", 1]
    error = one_line_error(cli(*train, "--init", bilm, "-o", tmp_path / "new"))
    assert "is compressed: --init needs the weights" in error
    vocab = ["--vocab", classify / "vocab.tsv"]
    error = one_line_error(cli(*train, *vocab, "--init-from", classify, "-o", tmp_path / "new"))
    assert "is compressed: --init-from needs the weights" in error
    error = one_line_error(cli(*train, "--resume", "-o", classify))
    assert "is a compressed run, and no training can go on from rounded weights" in error
    assert not (tmp_path / "new").exists()
    # A teacher only answers.
    distil = ["--distil", classify, "--epochs", 1, "--hidden", 4]
    assert cli(*train, *distil, "-o", tmp_path / "student").code == 0


@pytest.mark.parametrize(("name", "flags", "says"), [
    ("one-hot", ["--max-vocab", 10], "one-hot"),
    ("bilm", ["--max-vocab", 10], "is a run of bilm, whose vocabulary is not cut"),
    ("classify", ["--min-count", 10_000], "no token is seen 10000 times"),
])  # fmt: skip
def test_what_cannot_be_cut_is_refused(cli: Cli, folder, tmp_path, name, flags, says):
    out = tmp_path / "small"
    error = one_line_error(cli("compress", folder / f"run-{name}", "-o", out, "-q", *flags))
    assert says in error
    assert not out.exists()


def test_no_run_is_lost(cli: Cli, folder, tmp_path):
    run = shutil.copytree(folder / "run-classify", tmp_path / "run")
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    error = one_line_error(cli("compress", run, "-o", run, "-q", "--force"))
    assert "would replace the run that it is made from" in error
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    error = one_line_error(cli("compress", run, "-o", tmp_path / "mine", "-q", "--force"))
    assert "a folder with other files" in error
    small = compressed(cli, folder, "classify", tmp_path / "small")
    assert "exists already" in one_line_error(cli("compress", run, "-o", small, "-q"))
    assert cli("compress", run, "-o", small, "-q", "--force", "--max-vocab", 12).code == 0
    assert len(read_run(str(small)).vocabulary) == 12
    error = one_line_error(cli("compress", small, "-o", tmp_path / "smaller", "-q"))
    assert "is compressed already" in error
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_an_interrupted_training_has_the_figures_of_the_weights_that_it_kept(
    cli: Cli, folder, tmp_path, monkeypatch
):
    """The epoch is best by `--monitor`, even where another one has a higher accuracy."""
    figures = [(0.9, 0.5), (0.8, 0.4), (0.95, 0.6)]

    def validate(self, model, device):
        accuracy, loss = figures.pop(0)
        if not figures:
            signal.raise_signal(signal.SIGINT)
        return {"loss": loss, "accuracy": accuracy, "macro_f1": accuracy}

    monkeypatch.setattr(ClassifyTask, "validate", validate)
    settings = replace(MODELS["classify"][1], epochs=9, monitor="loss")
    with pytest.raises(KeyboardInterrupt):
        tasks.train("classify", [str(folder / "classify")], str(tmp_path / "run"), settings,
                    QuietReporter())  # fmt: skip
    assert cli("compress", tmp_path / "run.partial", "-o", tmp_path / "small", "-q").code == 0
    results = read_run(str(tmp_path / "small")).config.results
    assert results == {
        "best_epoch": 2, "validation_loss": 0.4, "validation_accuracy": 0.8,
        "validation_macro_f1": 0.8, "epochs": 3, "interrupted": True,
    }  # fmt: skip
