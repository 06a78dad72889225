"""Killed with SIGKILL at random moments, a training goes on and ends where it would have ended."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

KILLS = 7  # of each of three trainings
SETTINGS = ("--deterministic", "--threads", 1, "--device", "cpu", "-q", "--batch-size", 8,
            "--checkpoint-every", 0.001, "--validation", 0.2, "--patience", 0)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    draw = np.random.default_rng(6)
    lines = [" ".join(draw.choice(list("가나다라마"), draw.integers(3, 12))) for _ in range(400)]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{int('가' in line)}\n" for line in lines)
    (folder / "rows.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    return folder


def start(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "rnntool", *map(str, arguments)])


@pytest.mark.parametrize(
    ("task", "name", "settings"),
    [
        ("classify", "rows.tsv", ("--hidden", 24, "--embedding-dim", 16, "--epochs", 8)),
        ("lm", "text.txt", ("--hidden", 24, "--embedding-dim", 16, "--bptt", 16, "--epochs", 6)),
        ("bilm", "text.txt", ("--hidden", 24, "--embedding-dim", 16, "--epochs", 6)),
    ],
)
def test_a_killed_training_ends_with_the_same_bytes(data, tmp_path, task, name, settings):
    command = ("train", task, data / name, *SETTINGS, *settings, "--resume")
    began = time.monotonic()
    assert start(*command, "-o", tmp_path / "whole").wait() == 0
    whole = time.monotonic() - began
    moments, kills = random.Random(task), 0
    while kills < KILLS:
        process = start(*command, "-o", tmp_path / "cut")
        time.sleep(moments.uniform(0, whole))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        if (tmp_path / "cut").exists():  # it had got to its end: whole, or not there
            same(tmp_path)
            os.rename(tmp_path / "cut", tmp_path / f"ended-{kills}-{time.monotonic_ns()}")
    assert start(*command, "-o", tmp_path / "cut").wait() == 0
    same(tmp_path)
    assert not (tmp_path / "cut.partial").exists()


def same(folder: Path) -> None:
    """Weights and vocabulary of both runs, byte for byte."""
    for name in ("weights.safetensors", "vocab.tsv", "labels.txt"):
        assert (folder / "cut" / name).read_bytes() == (folder / "whole" / name).read_bytes()
