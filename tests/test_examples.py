"""The examples that need no data run as their READMEs say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def make(example: str, target: str, tmp_path: Path, *variables: str) -> str:
    """Standard output of a target, run in a copy of the example's folder."""
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("work", "data"))
    command = ["make", "-s", "-C", str(folder), target, f"RNNTOOL={sys.executable} -m rnntool",
               f"PYTHON={sys.executable}", *variables]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def test_tagging_answers_with_a_tag_for_each_word(tmp_path):
    out = make("tagging", "tag", tmp_path)
    assert "나는\tPRON\n" in out
    assert ".\tPUNCT\n" in out


def test_the_textbooks_pair_is_learned(tmp_path):
    assert "난 널 사랑해" in make("dialogue", "love", tmp_path)


def test_the_forecast_is_scored_beside_its_baselines_and_drawn(tmp_path):
    out = make("forecast", "forecast", tmp_path)
    assert "last value" in out
    assert "year before" in out
    assert (tmp_path / "forecast" / "work" / "made-up.png").stat().st_size > 1000


def test_hello_is_written(tmp_path):
    assert "hello" in make("char-lm", "hello", tmp_path)


def test_the_worked_example_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "by-hand" / "worked_example.py")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "0.3509740057" in done.stdout
