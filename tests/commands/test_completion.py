"""What the shell offers after a TAB: commands, subcommands, flags, their values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("rnntool")


def offered(*words: str) -> list[str]:
    """For the last of these words, as bash asks."""
    asking = {
        "_RNNTOOL_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("rnntool", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [SCRIPT], env=os.environ | asking, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tok"], ["tokenize"]),
        (["train", ""], ["classify", "lm", "bilm", "tag", "seq2seq", "caption", "forecast"]),
        (["train", "classify", "--ce"], ["--cell"]),
        (["train", "lm", "--cell", "gru"], ["gru", "gru-reset-before"]),
        (["tokenize", "-t", "k"], ["komoran", "kkma", "kiwi"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_word_that_was_begun_is_completed(words, expected):
    assert offered(*words) == expected


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """A folder with two runs, a run beside it, and files that are not runs."""
    for name, labels in (
        ("runs/gru", "neg\npos\nso-so\n"),
        ("runs/lstm", "0\n1\n"),
        ("ruby", "0\n"),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.yaml").write_text("format: 1\n")
        (tmp_path / name / "labels.txt").write_text(labels)
    (tmp_path / "runs" / "notes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_are_completed(runs):
    assert offered("predict", "ru") == ["ruby", "runs/gru", "runs/lstm"]
    assert offered("describe", "runs/g") == ["runs/gru"]
    assert offered("eval", "runs/") == ["runs/gru", "runs/lstm"]
    assert offered("compare", "runs/gru", "runs/l") == ["runs/lstm"]
    assert offered("train", "classify", "--init", "runs/g") == ["runs/gru"]
    assert offered("predict", "nothing-like-it") == []


def test_models_are_completed_by_name(runs, monkeypatch):
    monkeypatch.setenv("RNNTOOL_MODELS", str(runs / "runs"))
    assert offered("predict", "ls") == ["lstm"]


def test_labels_of_the_run_are_completed(runs):
    assert offered("predict", "runs/gru", "--otherwise", "") == ["neg", "pos", "so-so"]
    assert offered("predict", "runs/gru", "--otherwise", "p") == ["pos"]
    assert offered("predict", "nowhere", "--otherwise", "") == []
