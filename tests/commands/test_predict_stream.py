"""`predict` as a long-lived partner in a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rnntool.formats.weights import read_shapes
from rnntool.runs import answerer
from rnntool.tasks.classify.predict import TextAnswering
from tests.commands.test_workflow import corpus, trained

__all__ = ["corpus", "trained"]


def start(run, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rnntool", "predict", str(run), "-q"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def test_each_line_is_answered_before_the_next_one_is_written(trained):
    process = start(trained / "run")
    for line, label in (("영화 최고", "1"), ("정말 최악", "0"), ("명작", "1")):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(label + "\t")
    process.stdin.close()
    assert process.wait(timeout=120) == 0
    assert process.stderr.read() == ""


@pytest.mark.parametrize("how", ["closed pipe", "Ctrl-C"])
def test_it_ends_while_it_waits_for_input(trained, how):
    process = start(trained / "run")
    process.stdin.write("영화 최고\n")
    process.stdin.flush()
    assert process.stdout.readline()
    if how == "Ctrl-C":
        process.send_signal(signal.SIGINT)
        code, errors = 130, "rnntool: interrupted\n"
    else:
        process.stdout.close()
        process.stdin.write("영화 최고\n")
        process.stdin.flush()
        time.sleep(0.1)
        code, errors = 0, ""
    assert process.wait(timeout=120) == code
    assert process.stderr.read() == errors


@pytest.mark.parametrize("words", [("eval", "run", "train.tok"), ("describe", "run")], ids=str)
def test_a_reader_that_stops_early_is_no_error(trained, words):
    command = [sys.executable, "-m", "rnntool", *words]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=trained, text=True)
    os.close(write)
    assert "Error" not in done.stderr
    assert done.returncode == 0


def imports_of(run, text: str, *options: str) -> set[str]:
    code = (
        "import sys\n"
        f"sys.argv = ['rnntool', 'predict', {str(run)!r}, '-q', *{list(options)!r}]\n"
        "from rnntool.commands import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('MODULES', *sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True,
                          check=True)  # fmt: skip
    return {name.split(".")[0] for name in done.stderr.split("MODULES")[1].split()}


def test_one_line_is_answered_without_torch(trained):
    assert not {"torch", "gensim", "sklearn"} & imports_of(trained / "run", "영화 최고\n")


def test_many_lines_need_no_torch_either_and_each_gets_its_own_answer(trained, cli):
    lines = "".join(f"영화 최고 {n}\n" for n in range(300))
    assert "torch" not in imports_of(trained / "run", lines)
    many = cli("predict", trained / "run", "-q", input=lines).out
    assert cli("predict", trained / "run", "-q", "--line-buffered", input=lines).out == many
    assert len(many.splitlines()) == 300


def test_where_a_gpu_may_be_torch_answers_what_is_much(trained, cli, monkeypatch):
    """Three batches of 300 tokens; the model multiplies `products` numbers for each token."""
    (trained / "lines.txt").write_text("".join(f"영화 최고 {n}\n" for n in range(300)), "utf-8")
    ask = ("predict", trained / "run", trained / "lines.txt", "--batch-size", 100,
           "--threads", 1)  # fmt: skip
    numpys = cli(*ask, "-q").out.splitlines()
    monkeypatch.setattr(answerer, "may_have_gpu", lambda: True)
    assert "torch computes" not in cli(*ask, "-v").err  # too little for a start
    shapes = read_shapes(trained / "run" / "weights.safetensors")
    products = sum(np.prod(shape) for name, shape in shapes.items() if "weight_hh" in name)
    torchs = []
    monkeypatch.setattr(TextAnswering, "open_torch", watched(TextAnswering.open_torch, torchs))
    for work, answered in ((0, 300), (300 * products - 1, 300), (300 * products, 200)):
        monkeypatch.setattr(answerer, "_WORK", work)
        torchs.clear()
        result = cli(*ask, "-v")
        assert "torch computes the answers" in result.err
        assert sum(torchs) == answered
        for one, other in zip(numpys, result.out.splitlines(), strict=True):
            assert one.split("\t")[0] == other.split("\t")[0]
            assert abs(float(one.split("\t")[1]) - float(other.split("\t")[1])) < 1e-5
    few = "".join(f"영화 최고 {n}\n" for n in range(24))
    assert "torch computes" not in cli("predict", trained / "run", "-v", input=few).err


def watched(open_torch, counts):
    """The same, noting how many texts its answers are asked for."""

    def opened(self):
        answer = open_torch(self)
        return lambda texts: counts.append(len(texts)) or answer(texts)

    return opened
