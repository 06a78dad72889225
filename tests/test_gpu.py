"""Commands on a GPU: every task trains, goes on after an interruption, and answers as on the CPU.

The other tests hide the GPU (tests/conftest.py), so these start processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.small_data import write_small_data

GPUS = os.environ["RNNTOOL_TEST_GPUS"]  # as tests/conftest.py found it
VISIBLE = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
if GPUS != "all":
    VISIBLE["CUDA_VISIBLE_DEVICES"] = GPUS
SMALL = ("--hidden", 8, "--epochs", 3, "--lr", 0.02, "--validation", 0.2, "--patience", 0,
         "--batch-size", 8)  # fmt: skip
TASKS = {
    "classify": ("rows.tsv", "--embedding-dim", 6, "--bidirectional"),
    "bilm": ("text.txt", "--embedding-dim", 6, "--min-count", 1, "--samples", 10),
    "lm": ("text.txt", "--embedding-dim", 6, "--unit", "word", "--softmax", "adaptive",
           "--bptt", 5, "--min-count", 1),
    "tag": ("tags.tsv", "--embedding-dim", 6, "--characters", "cnn"),
    "seq2seq": ("pairs.tsv", "--embedding-dim", 6, "--min-count", 1),
    "forecast": ("series.csv", "--window", 6),
}  # fmt: skip


def has_gpu() -> bool:
    """Whether torch finds a GPU, which is asked in a process that may see it."""
    if torch.version.cuda is None and torch.version.hip is None:
        return False
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], env=VISIBLE, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_gpu(), reason="this machine has no GPU that torch can use")


def rnntool(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnntool", *map(str, arguments)]
    done = subprocess.run(command, env=VISIBLE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def interrupted(*arguments: object) -> None:
    """A training that dies without a word in its sixth step, after a checkpoint."""
    code = (
        "import itertools, os, sys\n"
        "from rnntool.training.loop import Trainer\n"
        "from rnntool.commands import main\n"
        "steps, original = itertools.count(), Trainer._step\n"
        "Trainer._step = lambda *given: next(steps) == 5 and os._exit(3) or original(*given)\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments), "--checkpoint-steps", "4"]
    done = subprocess.run(command, env=VISIBLE, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gpu")
    lines = write_small_data(folder, 60)
    tagged = [
        "".join(f"{word}\t{'AB'[ord(word) % 2]}\n" for word in line.split()) for line in lines
    ]
    (folder / "tags.tsv").write_text("\n".join(tagged), encoding="utf-8")
    pairs = "".join(f"{line}\t{line[::-1]}\n" for line in lines)
    (folder / "pairs.tsv").write_text("source\ttarget\n" + pairs, encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_task_trains_goes_on_and_scores_as_on_the_cpu(data, tmp_path, task):
    name, *options = TASKS[task]
    train = ("train", task, data / name, *options, *SMALL, "--device", "cuda", "--deterministic")
    assert "training on cuda" in rnntool(*train, "-o", tmp_path / "whole").stderr
    interrupted(*train, "-o", tmp_path / "cut")
    assert (
        "resuming after 0 epochs and 4 steps"
        in rnntool(*train, "-o", tmp_path / "cut", "--checkpoint-steps", 4, "--resume").stderr
    )
    cut, whole = (load_file(tmp_path / run / "weights.safetensors") for run in ("cut", "whole"))
    torch.testing.assert_close(cut, whole)
    figures = [
        json.loads(rnntool("eval", tmp_path / "whole", data / name, "--device", device, "--json",
                           "-q").stdout)
        for device in ("cuda", "cpu")
    ]  # fmt: skip
    for figure, other in numbers(figures[0]).items():
        assert numbers(figures[1])[figure] == pytest.approx(other, rel=0.02, abs=0.02), figure


def numbers(figures: dict[str, object]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if isinstance(value, (int, float))}


def test_two_processes_say_what_they_lack_on_one_gpu(data, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
               "2", "-m", "rnntool", "train", "classify", str(data / "rows.tsv"),
               "-o", str(tmp_path / "run")]  # fmt: skip
    one = VISIBLE | {"CUDA_VISIBLE_DEVICES": "0" if GPUS == "all" else GPUS.split(",")[0]}
    done = subprocess.run(command, env=one, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "each process needs a GPU, and torch finds 1 for 2" in done.stderr
