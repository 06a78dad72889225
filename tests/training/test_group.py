"""Two processes that train together take the steps that one takes alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnntool.errors import UserError
from rnntool.formats.reading import open_binary
from rnntool.training.group import Group
from tests.small_data import write_small_data

ALONE = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
PLAIN = ("--batch-size", 8, "--dropout", 0, "--embedding-dropout", 0, "--average", 0,
         "--embedding-dim", 6, "--hidden", 5, "--epochs", 2, "--validation", 0.2)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("group")
    # 41 of 51 rows to train on: the last batch of 8 holds one, and none for the second process.
    # Of 200 words a batch touches a fifth: the others' vectors are not sent.
    write_small_data(folder, 51)
    return folder


def together(*arguments: object, processes: int = 2) -> subprocess.CompletedProcess[str]:
    return started(["-m", "rnntool"], *arguments, processes=processes)


def started(
    program: list[str], *arguments: object, processes: int = 2
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
               str(processes), *program, *map(str, arguments)]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, env=ALONE, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", "rows.tsv", "--word-dropout", 0, *PLAIN),
        ("bilm", "text.txt", "--samples", 0, "--min-count", 1, *PLAIN),
        ("lm", "text.txt", "--bptt", 5, "--reset", 0, *PLAIN),
        ("forecast", "series.csv", "--window", 6, "--hidden", 5, "--batch-size", 8, "--epochs", 2,
         "--dropout", 0, "--average", 0),
    ],
    ids=lambda a: a[0],
)  # fmt: skip
def test_two_processes_end_with_the_weights_of_one(cli, data, tmp_path, arguments):
    task, name, *settings = arguments
    result = cli("train", task, data / name, *settings, "-q", "-o", tmp_path / "one")
    assert result.code == 0, result.err
    shared = together("train", task, data / name, *settings, "-o", tmp_path / "two")
    assert shared.returncode == 0, shared.stderr
    assert "in 2 processes" in shared.stderr
    assert shared.stderr.count("kept epoch") == 1  # one of them speaks
    assert "FutureWarning" not in shared.stderr
    assert "find_unused_parameters" not in shared.stderr  # torch's advice to its programmers
    assert shared.stderr.count("raw text is split") == (task == "classify")
    one, two = (load_file(tmp_path / run / "weights.safetensors") for run in ("one", "two"))
    for tensor in one:
        torch.testing.assert_close(two[tensor], one[tensor], rtol=1e-3, atol=1e-5)
    metrics = [
        [json.loads(line) for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("one", "two")
    ]
    for alone, both in zip(*metrics, strict=True):
        assert both["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-4)
        assert both["gradient_norm"] == pytest.approx(alone["gradient_norm"], rel=1e-3)


def test_token_vectors_that_wait_end_alike_in_two_processes(cli, tmp_path):
    """5,000 words, of which each process reads others; and batches whose shares are uneven."""
    draw = np.random.default_rng(5)
    words = [f"w{n}" for n in range(5000)]
    coming = iter(np.tile(draw.permutation(words), 3))
    lines = [" ".join(islice(coming, int(draw.integers(1, 60)))) for _ in range(301)]
    rows = "".join(f"{line}\t{len(line) % 2}\n" for line in lines)
    (tmp_path / "rows.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    settings = ("classify", tmp_path / "rows.tsv", "--word-dropout", 0, *PLAIN, "--average", 0.9,
                "--batch-size", 7, "-q")  # fmt: skip
    result = cli("train", *settings, "-o", tmp_path / "one")
    assert result.code == 0, result.err
    shared = together("train", *settings, "-o", tmp_path / "two")
    assert shared.returncode == 0, shared.stderr
    one, two = (load_file(tmp_path / run / "weights.safetensors") for run in ("one", "two"))
    assert len(one["input.embedding.weight"]) > 4096
    for tensor in one:  # to a thirtieth of a step of the learning rate, 0.003
        torch.testing.assert_close(two[tensor], one[tensor], rtol=1e-3, atol=1e-4)


PARTS = """
import sys
from rnntool.__main__ import main
from rnntool.runs import batches

batches._TOKENS = 12
sys.argv[0] = "rnntool"
main()
"""


def test_shares_in_unequal_numbers_of_parts_add_up_to_the_batch(cli, data, tmp_path):
    """As with long texts, where each process splits its own share to fit into memory."""
    settings = ("classify", data / "rows.tsv", "--word-dropout", 0, *PLAIN, "-q")
    result = cli("train", *settings, "-o", tmp_path / "one")
    assert result.code == 0, result.err
    (tmp_path / "parts.py").write_text(PARTS, encoding="utf-8")
    shared = started([str(tmp_path / "parts.py")], "train", *settings, "-o", tmp_path / "two")
    assert shared.returncode == 0, shared.stderr
    one, two = (load_file(tmp_path / run / "weights.safetensors") for run in ("one", "two"))
    for tensor in one:
        torch.testing.assert_close(two[tensor], one[tensor], rtol=1e-3, atol=1e-5)


# Ends without a word in the midst of the second epoch, after a checkpoint.
DIES = """
import sys
from rnntool.training.loop import Trainer
from rnntool.__main__ import main

steps, original = iter(range(10**6)), Trainer._step

def dies(self, batch, progress):
    if next(steps) == 17:
        raise SystemExit(3)
    original(self, batch, progress)

Trainer._step = dies
sys.argv[0] = "rnntool"
main()
"""


@pytest.mark.parametrize("processes", [2, 1])
def test_a_training_in_two_processes_goes_on_where_it_stood(data, tmp_path, processes):
    """Carried states and random numbers too: in two processes to the byte, in one as in one."""
    dropout = 0.3 if processes == 2 else 0.0
    settings = ("lm", data / "text.txt", "--bptt", 4, "--reset", 0, *PLAIN, "--dropout", dropout,
                "--deterministic", "--threads", 1, "--checkpoint-steps", 5, "-q")  # fmt: skip
    whole = together("train", *settings, "-o", tmp_path / "whole", processes=processes)
    assert whole.returncode == 0, whole.stderr
    (tmp_path / "dies.py").write_text(DIES, encoding="utf-8")
    cut = started([str(tmp_path / "dies.py")], "train", *settings, "-o", tmp_path / "cut")
    assert cut.returncode != 0
    kept = load_file(tmp_path / "cut.partial" / "checkpoint" / "tensors.safetensors")
    assert kept["shares.1.carried.0.0"].any()
    resumed = together("train", *settings, "-o", tmp_path / "cut", "--resume", processes=processes)
    assert resumed.returncode == 0, resumed.stderr
    one, two = (load_file(tmp_path / run / "weights.safetensors") for run in ("whole", "cut"))
    for name in one:
        if processes == 2:
            assert torch.equal(one[name], two[name])
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-5)


def test_an_error_of_the_first_process_ends_all(data, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    result = together("train", "classify", data / "rows.tsv", *PLAIN, "-o", tmp_path / "run")
    assert result.returncode == 1
    assert result.stderr.count("rnntool: error:") == 1
    assert "not a run" in result.stderr


def test_standard_input_is_not_torn_in_two(monkeypatch):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "here")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="cannot be shared by several processes"), open_binary("-"):
        pass


def test_each_process_needs_a_gpu_of_its_own(monkeypatch):
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1"),
                        ("LOCAL_WORLD_SIZE", "2"), ("MASTER_ADDR", "localhost")):  # fmt: skip
        monkeypatch.setenv(name, value)
    joined = []
    monkeypatch.setattr(torch.distributed, "init_process_group", joined.append)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", joined.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="each process needs a GPU, and torch finds 1 for 2"):
        Group().join()
    Group().join("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    Group().join()
    assert joined == ["gloo", 1, "nccl"]
