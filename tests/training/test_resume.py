"""An interrupted training goes on to the weights of the uninterrupted one, to the byte."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.training import loop
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error

SETTINGS = ClassifySettings(
    hidden=8, embedding_dim=8, batch_size=16, epochs=3, dropout=0.3, word_dropout=0.1,
    average=0.9, deterministic=True, patience=0, lr=0.01, threads=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    return str(write_reviews(tmp_path_factory.mktemp("resume") / "train.txt", 120, 5))


def train(reviews, output, resume=False, settings=SETTINGS):
    return tasks.train("classify", [reviews], str(output), settings, QuietReporter(), resume=resume)


def interrupt_at(monkeypatch, step: int) -> None:
    """Ctrl-C in the midst of the `step`th step of the training."""
    steps = iter(range(10**6))
    original = loop.Trainer._step

    def interrupted(self, batch, progress):
        if next(steps) == step:
            signal.raise_signal(signal.SIGINT)
        original(self, batch, progress)

    monkeypatch.setattr(loop.Trainer, "_step", interrupted)


@pytest.mark.parametrize("schedule", ["one-cycle", "plateau", "none"])
@pytest.mark.parametrize("step", [0, 3, 8, 13])
def test_resuming_gives_the_same_weights(reviews, tmp_path, monkeypatch, step, schedule):
    import dataclasses

    settings = dataclasses.replace(SETTINGS, schedule=schedule)
    train(reviews, tmp_path / "whole", settings=settings)
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        with pytest.raises(KeyboardInterrupt):
            train(reviews, tmp_path / "cut", settings=settings)
    assert not (tmp_path / "cut").exists()
    assert (tmp_path / "cut.partial" / "checkpoint").is_dir()
    train(reviews, tmp_path / "cut", resume=True, settings=settings)
    for name in ("weights.safetensors", "vocab.tsv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    histories = [
        [{k: v for k, v in json.loads(line).items() if "second" not in k}
         for line in (tmp_path / run / "metrics.jsonl").open()]
        for run in ("cut", "whole")
    ]  # fmt: skip
    assert histories[0] == histories[1]
    assert not (tmp_path / "cut.partial").exists()


def test_other_settings_or_data_are_refused_on_resume(cli: Cli, reviews, tmp_path, monkeypatch):
    run = tmp_path / "run"
    data = shutil.copy(reviews, tmp_path / "train.txt")
    options = ["train", "classify", data, "-o", run, "--hidden", 8, "--embedding-dim", 8, "-q"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        result = cli(*options)
        assert result.code == 130
        assert result.err.splitlines()[-1] == "rnntool: interrupted"
    assert "give --resume to continue" in one_line_error(cli(*options))
    error = one_line_error(cli(*options, "--lr", 0.5, "--resume"))
    assert "lr was 0.003 when this training started, but is 0.5 now" in error
    with open(data, "a", encoding="utf-8") as file:
        file.write("9\t하나 더\t1\n")
    assert "sha256 of train was" in one_line_error(cli(*options, "--resume"))
    assert cli(*options, "--force").code == 0


def test_an_input_that_is_gone_is_named_and_the_checkpoint_stays(
    cli: Cli, reviews, tmp_path, monkeypatch
):
    data = Path(shutil.copy(reviews, tmp_path / "train.txt"))
    options = ["train", "classify", data, "-o", tmp_path / "run", "--hidden", 8, "-q", "--resume"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        assert cli(*options).code == 130
    kept = (tmp_path / "run.partial" / "checkpoint" / "tensors.safetensors").read_bytes()
    data.rename(tmp_path / "elsewhere")
    assert "train.txt: no such file" in one_line_error(cli(*options))
    assert (tmp_path / "run.partial" / "checkpoint" / "tensors.safetensors").read_bytes() == kept
    (tmp_path / "elsewhere").rename(data)
    assert cli(*options).code == 0


def test_resume_without_anything_to_go_on_with_starts(reviews, tmp_path):
    train(reviews, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "weights.safetensors").is_file()


def test_a_loss_that_explodes_is_named(cli: Cli, reviews, tmp_path):
    result = cli("train", "classify", reviews, "-o", tmp_path / "run", "--optimizer", "sgd", "-q",
                 "--lr", "1e30", "--clip-norm", 0, "--schedule", "none", "--hidden", 8)  # fmt: skip
    error = one_line_error(result)
    assert "the loss is" in error
    assert "learning rate 1e+30" in error
    assert not (tmp_path / "run").exists()


def test_early_stopping_keeps_the_best_epoch(reviews, tmp_path):
    import dataclasses

    settings = dataclasses.replace(SETTINGS, epochs=30, patience=2, lr=0.05, schedule="none")
    _, outcome = train(reviews, tmp_path / "run", settings=settings)
    assert outcome.stopped_early
    assert len(outcome.history) < 30
    ranks = [(e["validation_accuracy"], -e["validation_loss"]) for e in outcome.history]
    assert outcome.best is outcome.history[ranks.index(max(ranks))]
    assert ranks.index(max(ranks)) == len(ranks) - 3


@pytest.mark.parametrize(
    "often", [{"checkpoint_every": 1e-9}, {"checkpoint_every": 0.0, "checkpoint_steps": 3}]
)
def test_a_process_that_dies_leaves_its_last_checkpoint(reviews, tmp_path, monkeypatch, often):
    """A checkpoint in the midst of an epoch; then the training dies without a word."""
    import dataclasses

    settings = dataclasses.replace(SETTINGS, **often)
    train(reviews, tmp_path / "whole", settings=settings)
    steps = iter(range(10**6))
    original = loop.Trainer._step

    def dies(self, batch, progress):
        if next(steps) == 11:
            raise MemoryError
        original(self, batch, progress)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_step", dies)
        with pytest.raises(MemoryError):
            train(reviews, tmp_path / "cut", settings=settings)
    state = json.loads((tmp_path / "cut.partial" / "checkpoint" / "state.json").read_text())
    assert state["position"]["epoch"] * 8 + state["position"]["step"] == 11
    train(reviews, tmp_path / "cut", resume=True, settings=settings)
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in ("cut", "whole")]
    assert weights[0] == weights[1]


def test_a_second_process_is_refused_and_the_first_is_unharmed(cli: Cli, reviews, tmp_path):
    from rnntool.training.folder import training_directory

    with training_directory(str(tmp_path / "run"), force=False, resume=False) as folder:
        (folder.path / "weights").write_text("here")
        for option in ("--force", "--resume"):
            result = cli("train", "classify", reviews, "-o", tmp_path / "run", "-q", option)
            assert "another process is training here" in one_line_error(result)
        assert (folder.path / "weights").read_text() == "here"


def test_the_time_of_an_interrupted_epoch_counts(reviews, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            train(reviews, tmp_path / "cut")
    state = json.loads((tmp_path / "cut.partial" / "checkpoint" / "state.json").read_text())
    assert state["position"]["seconds"] > 0
