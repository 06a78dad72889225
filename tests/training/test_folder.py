"""What a training may replace, what it continues, and which files it never touches."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest

from rnntool import tasks
from rnntool.formats.rundir import read_config
from rnntool.reporting import QuietReporter
from rnntool.tasks.classify.settings import ClassifySettings
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error
from tests.training.test_resume import interrupt_at

TINY = ("--hidden", 4, "--embedding-dim", 4, "--batch-size", 16, "--epochs", 1, "-q")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_reviews(tmp_path_factory.mktemp("folder") / "train.txt", 60, 5)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    """A finished run, to copy from."""
    run = tmp_path_factory.mktemp("finished") / "run"
    settings = ClassifySettings(hidden=4, embedding_dim=4, batch_size=16, epochs=1)
    tasks.train("classify", [str(data)], str(run), settings, QuietReporter())
    return run


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("force", [(), ("--force",), ("--resume",), ("--resume", "--force")])
def test_a_folder_of_other_files_is_never_replaced(cli: Cli, data, run, force):
    parent = run.parent
    (parent / "thesis.txt").write_text("three years")
    before = files(parent)
    error = one_line_error(cli("train", "classify", data, "-o", parent, *TINY, *force))
    assert "not a run, so it is not replaced" in error
    assert "--force" not in error
    assert files(parent) == before


@pytest.mark.parametrize("place", ["notes.txt", "epochs/notes.txt", "plots/curve.png"])
def test_a_run_that_holds_files_of_the_users_is_not_replaced(cli: Cli, data, run, place):
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).write_text("mine")
    before = files(run)
    error = one_line_error(cli("train", "classify", data, "-o", run, *TINY, "--force"))
    assert place.split("/")[-1] in error or "plots" in error
    assert "it is not replaced" in error
    assert files(run) == before


def test_a_file_put_into_the_place_while_training_is_not_lost(cli: Cli, data, tmp_path):
    run = tmp_path / "run"

    def put(model: object) -> None:
        run.mkdir(exist_ok=True)
        (run / "notes.txt").write_text("mine")

    from rnntool.tasks.classify.task import ClassifyTask

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClassifyTask, "after_step", lambda self, model: put(model))
        assert "not a run" in one_line_error(cli("train", "classify", data, "-o", run, *TINY))
    assert files(run) == {"notes.txt": b"mine"}
    assert cli("predict", tmp_path / "run.partial", "-q", input="재밌다\n").code == 0


def test_links_files_and_the_current_folder_are_refused(cli: Cli, data, run, monkeypatch):
    arguments = ["train", "classify", data, *TINY, "--force", "-o"]
    link = run.with_name("link")
    link.symlink_to(run)
    assert "is a link" in one_line_error(cli(*arguments, link))
    file = run.with_name("file")
    file.write_text("x")
    assert "is a file, not a folder" in one_line_error(cli(*arguments, file))
    monkeypatch.chdir(run)
    for name in (".", "..", str(run)):
        error = one_line_error(cli(*arguments, name))
        assert "such as runs/lstm" in error or "not a run" in error
    assert (run / "weights.safetensors").is_file()


def test_force_replaces_a_run_and_an_interrupted_training(cli: Cli, data, run, monkeypatch):
    arguments = ["train", "classify", data, "-o", run, *TINY]
    assert "exists already; give --force" in one_line_error(cli(*arguments))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1)
        assert cli(*arguments, "--force").code == 130
    assert cli(*arguments, "--force").code == 0
    assert not run.with_name("run.partial").exists()


def test_an_interrupted_training_with_files_of_the_users_is_not_thrown_away(
    cli: Cli, data, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1)
        assert cli("train", "classify", data, "-o", run, *TINY).code == 130
    (tmp_path / "run.partial" / "notes.txt").write_text("mine")
    error = one_line_error(cli("train", "classify", data, "-o", run, *TINY, "--force"))
    assert "notes.txt" in error
    assert (tmp_path / "run.partial" / "notes.txt").read_text() == "mine"


def test_search_and_export_replace_nothing_of_the_users(cli: Cli, data, run, tmp_path):
    space = tmp_path / "space.yaml"
    space.write_text("lr: [0.001]\n")
    mine = tmp_path / "mine"
    (mine / "best").mkdir(parents=True)
    (mine / "best" / "notes.txt").write_text("mine")
    for option in ((), ("--resume",)):
        error = one_line_error(
            cli("search", "classify", data, "--space", space, "-o", mine, *option)
        )
        assert "was not written by search" in error
    assert (mine / "best" / "notes.txt").read_text() == "mine"
    for force in ((), ("--force",)):
        assert "is a folder" in one_line_error(cli("export", run, "-o", mine, *force))


def test_every_file_of_a_run_follows_the_umask(finished):
    umask = os.umask(0)
    os.umask(umask)
    modes = {p.name: p.stat().st_mode & 0o777 for p in finished.iterdir()}
    assert set(modes.values()) == {0o666 & ~umask}, modes


# --resume on what is there


def test_a_finished_run_of_the_same_is_done(cli: Cli, data, run):
    config = run / "config.yaml"
    os.utime(config, (1, 1))
    before = files(run)
    result = cli("train", "classify", data, "-o", run, *TINY[:-1], "--resume")
    assert result.code == 0, result.err
    assert "already trained with the same inputs and settings" in result.err
    assert files(run) == before
    assert config.stat().st_mtime > data.stat().st_mtime  # for make


def test_a_finished_run_of_other_settings_or_data_is_replaced_only_when_asked(
    cli: Cli, data, run, tmp_path
):
    arguments = ["train", "classify", data, "-o", run, *TINY, "--resume"]
    error = one_line_error(cli(*arguments, "--lr", 0.01))
    assert "with lr 0.003, but it is 0.01 now; give --resume --force to train it again" in error
    other = tmp_path / "other.txt"
    other.write_text(data.read_text() + "9\t하나 더\t1\n")
    arguments[2] = other
    before = files(run)
    assert "sha256 of train" in one_line_error(cli(*arguments))
    assert files(run) == before
    assert cli(*arguments, "--force").code == 0
    assert files(run) != before
    before = files(run)
    assert cli(*arguments, "--force").code == 0  # nothing is left to do
    assert files(run) == before


def test_standard_input_cannot_be_told_from_what_a_run_was_trained_on(cli: Cli, data, tmp_path):
    arguments = ["train", "classify", "-", "-o", tmp_path / "run", *TINY, "--resume"]
    assert cli(*arguments, input=data.read_text()).code == 0
    assert "standard input" in one_line_error(cli(*arguments, input=data.read_text()))


def test_resume_force_starts_anew_where_it_cannot_go_on(cli: Cli, data, tmp_path, monkeypatch):
    arguments = ["train", "classify", data, "-o", tmp_path / "run", *TINY]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        assert cli(*arguments).code == 130
    result = cli(*arguments[:-1], "--lr", 0.5, "--resume", "--force")
    assert result.code == 0, result.err
    assert "resuming" not in result.err
    assert read_config(tmp_path / "run").settings["lr"] == 0.5


@pytest.mark.parametrize(("epochs", "schedule"), [(5, "none"), (2, "none"), (4, "plateau")])
def test_a_training_is_lengthened_or_shortened(data, tmp_path, monkeypatch, epochs, schedule):
    """It ends where one that had so many epochs from the start ends."""
    settings = ClassifySettings(
        hidden=4, embedding_dim=4, batch_size=16, epochs=3, patience=0, deterministic=True,
        schedule=schedule, threads=1,
    )  # fmt: skip
    other = dataclasses.replace(settings, epochs=epochs)
    train("whole", data, tmp_path, other)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)  # in the second epoch
        with pytest.raises(KeyboardInterrupt):
            train("cut", data, tmp_path, settings)
    train("cut", data, tmp_path, other, resume=True)
    assert (tmp_path / "cut" / "weights.safetensors").read_bytes() == (
        tmp_path / "whole" / "weights.safetensors"
    ).read_bytes()
    assert read_config(tmp_path / "cut").settings["epochs"] == epochs


def train(name: str, data: Path, folder: Path, settings: ClassifySettings, resume: bool = False):
    return tasks.train(
        "classify", [str(data)], str(folder / name), settings, QuietReporter(), resume=resume
    )


def test_one_cycle_cannot_be_stretched_but_can_end_now(cli: Cli, data, tmp_path, monkeypatch):
    arguments = ["train", "classify", data, "-o", tmp_path / "run", *TINY, "--resume", "--epochs"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 6)  # in the second epoch of four steps
        assert cli(*arguments, 3).code == 130
    for epochs in (2, 5):
        error = one_line_error(cli(*arguments, epochs))
        assert f"--epochs 3, which --schedule one-cycle uses for its learning rate; it cannot" \
               f" continue with --epochs {epochs}" in error  # fmt: skip
    assert cli(*arguments, 1).code == 0
    assert read_config(tmp_path / "run").results["epochs"] == 1


# an interrupted training answers


def test_an_interrupted_training_answers_with_its_best_epoch(cli: Cli, data, tmp_path, monkeypatch):
    run, partial = tmp_path / "run", tmp_path / "run.partial"
    arguments = ["train", "classify", data, "-o", run, *TINY, "--epochs", 3]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        assert cli(*arguments).code == 130
    error = one_line_error(cli("eval", partial, data))
    assert "an interrupted training without a finished epoch" in error
    assert "--resume" in error
    assert "--force" not in error
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        assert cli(*arguments, "--resume").code == 130
    for command in (("eval", partial, data, "--json"), ("predict", partial, data)):
        result = cli(*command)
        assert result.code == 0, result.err
        assert "an interrupted training; the best epoch of 1 is used" in result.err
    figures = json.loads(cli("eval", partial, data, "--json", "-q").out)
    assert figures["documents"] == 60


# --validation 0


def test_all_data_train_and_the_last_epoch_is_kept(cli: Cli, data, tmp_path):
    run = tmp_path / "run"
    result = cli("train", "classify", data, "-o", run, *TINY[:-1], "--epochs", 3, "--validation", 0,
                 "--keep-epochs", "--patience", 1)  # fmt: skip
    assert result.code == 0, result.err
    assert "no validation data; all epochs are trained, and the last one is kept" in result.err
    assert "60 documents for training, 0 for validation" in result.err
    results = read_config(run).results
    assert (results["best_epoch"], results["epochs"]) == (3, 3)
    assert not [name for name in results if name.startswith("validation")]
    assert (run / "weights.safetensors").read_bytes() == (
        run / "epochs" / "003.safetensors"
    ).read_bytes()
    assert cli("describe", run).code == 0
    assert cli("eval", run, data, "-q").code == 0


def test_a_plateau_needs_validation_data(cli: Cli, data, tmp_path):
    error = one_line_error(cli("train", "classify", data, "-o", tmp_path / "run", *TINY,
                               "--validation", 0, "--schedule", "plateau"))  # fmt: skip
    assert "--schedule plateau needs validation data" in error


@pytest.mark.parametrize("task", ["lm", "bilm", "seq2seq", "tag", "forecast", "caption"])
def test_every_task_trains_without_validation_data(cli: Cli, tmp_path, task):
    import numpy as np

    text = tmp_path / "text.txt"
    text.write_text("가나 다라 마바\n나다 라마 바사\n" * 30)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("source\ttarget\n" + "가나\t나가\n다라\t라다\n" * 10)
    tags = tmp_path / "tags.tsv"
    tags.write_text("가\tN\n나\tV\n\n다\tN\n라\tV\n\n" * 5)
    series = tmp_path / "series.csv"
    rows = "".join(f"{n},{np.sin(n):.4f}\n" for n in range(80))
    series.write_text("n,value\n" + rows)
    np.save(tmp_path / "vectors.npy", np.random.default_rng(1).normal(size=(60, 3)))
    inputs: dict[str, list[object]] = {
        "lm": [text], "bilm": [text], "seq2seq": [pairs], "tag": [tags],
        "forecast": [series, "--window", 5, "--columns", "value"],
        "caption": [text, tmp_path / "vectors.npy"],
    }  # fmt: skip
    sizes = ["--hidden", 4, "--epochs", 2, "--batch-size", 4, "--validation", 0]
    result = cli("train", task, *inputs[task], *sizes, "-o", tmp_path / "run")
    assert result.code == 0, result.err
    assert read_config(tmp_path / "run").results["best_epoch"] == 2
