"""No room left: one line, exit code 1, nothing half-written, and the old checkpoint kept.

A limit on the size of a file stands in for the full disk; writing fails at the same places.
"""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.test_workflow import corpus, trained

__all__ = ["corpus", "trained"]

TRAIN = ("--hidden", 64, "--embedding-dim", 64, "--threads", 1, "-q", "--epochs", 2)


def limited(size: int, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command that may write no file above `size` bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as a full disk: an error, no signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-m", "rnntool", *map(str, words)], preexec_fn=limit, cwd=folder,
        capture_output=True, text=True,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    (line,) = (said for said in done.stderr.splitlines() if "warning" not in said)
    assert line.startswith("rnntool: error: ")
    assert "File too large" in line
    assert "bug" not in line
    return line


@pytest.fixture
def folder(trained, corpus, tmp_path) -> Path:
    shutil.copy(corpus[0], tmp_path / "reviews.txt")
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path


@pytest.mark.parametrize("size", [500, 3_000, 60_000])
@pytest.mark.parametrize("task", ["classify", "lm"])
def test_a_training_leaves_nothing_that_is_not_whole(folder, task, size):
    before = sorted(folder.iterdir())
    words = ("train", task, "reviews.txt", "-o", "new", *TRAIN)
    assert "cannot be written" in refused(limited(size, folder, *words))
    assert sorted(folder.iterdir()) == before


def test_a_checkpoint_outlives_the_disk(folder):
    words = ("train", "classify", "reviews.txt", "-o", "new", *TRAIN, "--epochs", 40)
    process = subprocess.Popen([sys.executable, "-m", "rnntool", *map(str, words)], cwd=folder)
    place = folder / "new.partial" / "checkpoint" / "tensors.safetensors"
    while not place.exists():
        assert process.poll() is None
    process.kill()
    process.wait()
    kept = place.read_bytes()
    refused(limited(60_000, folder, *words, "--resume"))
    assert place.read_bytes() == kept


@pytest.mark.parametrize("words", [
    ("tokenize", "-t", "char", "reviews.txt", "-o", "new.tok", "-q"),
    ("train-embeddings", "cbow", "reviews.txt", "--min-count", 1, "-o", "new.vec", "-q"),
    ("predict", "run", "reviews.txt", "--json", "--text", "-o", "new.jsonl", "-q"),
    ("export", "run", "-o", "new.onnx", "-q"),
    ("plot", "run", "-o", "new.png", "-q"),
], ids=lambda words: words[0])  # fmt: skip
def test_no_part_of_a_file_is_left(folder, words):
    before = sorted(folder.iterdir())
    refused(limited(1_000, folder, *words))
    assert sorted(folder.iterdir()) == before
