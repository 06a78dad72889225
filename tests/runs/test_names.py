"""Models by name: wherever a run directory is taken, a name does as well."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from rnntool.formats import run_names
from rnntool.formats.run_names import locate, named_models
from tests.commands.test_workflow import SMALL, corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]


@pytest.fixture
def models(trained, tmp_path, monkeypatch) -> Path:
    """RNNTOOL_MODELS with a model `mine`, an empty working directory, an empty package."""
    folder = tmp_path / "models"
    shutil.copytree(trained / "run", folder / "mine")
    (folder / "not-a-run").mkdir()
    monkeypatch.setenv("RNNTOOL_MODELS", str(folder))
    monkeypatch.setattr(run_names, "BRINGS", tmp_path / "nothing")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def write_card(run: Path) -> None:
    card = {"summary": "What a test says.",
            "score": {"figure": "accuracy", "value": 0.89571, "data": "a test"}}  # fmt: skip
    (run / "card.yaml").write_text(yaml.safe_dump(card), "utf-8")


@pytest.mark.parametrize("arguments", [
    ["predict", "mine"], ["eval", "mine", "TEST", "--threads", 1], ["describe", "mine"],
    ["compare", "mine", "mine", "TEST"], ["trace", "mine", "--text", "영화 최고"],
    ["inspect-grad", "mine", "--text", "영화 최고"], ["predict", "mine", "--ensemble", "mine"],
    ["compress", "mine", "-o", "small"], ["plot", "mine", "-o", "x.png"],
    ["plot", "mine", "--map", "--method", "pca", "-o", "x.png"],
    ["train", "classify", "TEST", "--distil", "mine", "-o", "new", *SMALL],
    ["train", "classify", "TEST", "--init-from", "mine", "--vocab", "VOCAB", "-o", "new", *SMALL],
])  # fmt: skip
def test_a_name_is_a_run(cli: Cli, models, corpus, arguments):
    places = {"TEST": corpus[1], "VOCAB": models / "mine" / "vocab.tsv"}
    if "--init-from" in arguments:
        arguments = [*arguments, "--hidden", 256, "--embedding-dim", 200]
        settings = yaml.safe_load((models / "mine" / "config.yaml").read_text("utf-8"))["settings"]
        sizes = ["--hidden", settings["hidden"], "--embedding-dim", settings["embedding_dim"]]
        arguments = [*arguments[:-4], *sizes]
    words = [places.get(str(word), word) for word in arguments]
    result = cli(*words, input="영화 최고\n")
    assert result.code == 0, result.err
    assert "hidden" not in result.err


def test_a_folder_here_comes_first_and_is_noted(cli: Cli, models, corpus):
    shutil.copytree(models / "mine", "mine")
    config = yaml.safe_load(Path("mine/config.yaml").read_text("utf-8"))
    Path("mine/labels.txt").write_text("bad\ngood\n", "utf-8")
    result = cli("predict", "mine", input="영화 최고\n")
    assert result.out.startswith("good\t")
    assert f"mine: the folder here is used, not the model of that name in {models}" in result.err
    assert config["task"] == "classify"
    assert "folder here" not in cli("predict", "mine", "-q", input="영화 최고\n").err
    result = cli("predict", models / "mine", input="영화 최고\n")  # by its path: no doubt
    assert "folder here" not in result.err
    assert result.out.startswith("1\t")


def test_an_unknown_name_lists_those_that_are_there(cli: Cli, models):
    error = one_line_error(cli("predict", "nine", input="x\n"))
    assert "nine: no such run directory; models that are there by name: mine" in error
    error = one_line_error(cli("predict", "not-a-run", input="x\n"))
    assert "no such run directory" in error


@pytest.mark.parametrize("path", ["../models/mine/../mine", "./mine", "mine/../mine", ".mine",
                                  "..", "", "/mine", "models/mine"])  # fmt: skip
def test_a_path_is_no_name(models, path):
    assert locate(path) == Path(path)


def test_files_of_a_model_are_found(models):
    assert locate("mine/vocab.tsv") == models / "mine" / "vocab.tsv"
    assert locate("mine") == models / "mine"
    Path("mine").mkdir()
    assert locate("mine/vocab.tsv") == Path("mine/vocab.tsv")


def test_the_first_folder_wins_and_the_package_comes_last(models, tmp_path, monkeypatch):
    for place in ("other", "brought"):
        for name in ("mine", place):
            shutil.copytree(models / "mine", tmp_path / place / name)
    monkeypatch.setattr(run_names, "BRINGS", tmp_path / "brought")
    monkeypatch.setenv("RNNTOOL_MODELS", f"{models}{os.pathsep}{tmp_path / 'other'}{os.pathsep}")
    assert named_models() == {
        "brought": tmp_path / "brought" / "brought",
        "mine": models / "mine",
        "other": tmp_path / "other" / "other",
    }
    assert locate("mine") == models / "mine"
    monkeypatch.delenv("RNNTOOL_MODELS")
    assert locate("mine") == tmp_path / "brought" / "mine"


def test_models_are_listed_with_task_size_and_score(cli: Cli, models):
    (listed,) = map(json.loads, cli("models", "--json").out.splitlines())
    assert (listed["name"], listed["task"]) == ("mine", "classify")
    assert listed["bytes"] == sum(f.stat().st_size for f in (models / "mine").iterdir())
    assert listed["score"].startswith("validation accuracy ")
    write_card(models / "mine")
    out = cli("models").out
    assert "mine" in out
    assert "accuracy 0.8957 (a test)" in out
    assert "What a test says." in out
    assert "value: 0.89571" in cli("models", "mine").out


def test_a_damaged_model_is_warned_of_and_the_others_are_listed(cli: Cli, models):
    for name, text in (("bad-card", "[1"), ("no-score", "summary: x"), ("list", "- 1")):
        shutil.copytree(models / "mine", models / name)
        (models / name / "card.yaml").write_text(text, "utf-8")
    result = cli("models", "--json")
    assert [json.loads(line)["name"] for line in result.out.splitlines()] == ["mine"]
    assert result.err.count("is not the card of a model") == 3
    assert "is not the card of a model" in one_line_error(cli("models", "list"))
    error = one_line_error(cli("models", "nine"))
    assert "no model 'nine'; did you mean 'mine'?" in error
    assert f"{models / 'mine'}: has no card.yaml" in one_line_error(cli("models", "mine"))


def test_what_was_used_by_name_is_noted_with_its_sum(cli: Cli, models, corpus):
    from rnntool.formats.reading import sha256_of

    arguments = ["train", "classify", corpus[1], "--distil", "mine", "--epochs", 1, *SMALL]
    assert cli(*arguments, "-o", "new").code == 0
    inputs = yaml.safe_load(Path("new/config.yaml").read_text("utf-8"))["inputs"]
    weights = models / "mine" / "weights.safetensors"
    assert inputs["distil 1"] == {
        "path": "mine/weights.safetensors", "sha256": sha256_of(str(weights)),
    }  # fmt: skip
