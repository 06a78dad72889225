"""`predict` as a long-lived partner in a pipe."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

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
