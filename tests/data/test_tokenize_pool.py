from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from rnntool.data import tokenize_worker
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions, tokenize_chunk
from rnntool.errors import UserError
from rnntool.text.spec import TokenizerSpec


@pytest.mark.parametrize("count", [0, 1, 256, 257, 5000])
def test_answers_come_in_order_whatever_the_number(count):
    items = [(i, f"가{i} 나") for i in range(count)]
    with TokenizePool(WorkerOptions("whitespace"), workers=3) as pool:
        answers = list(pool.tokenize(iter(items)))
    assert answers == [(i, f"가{i} 나") for i in range(count)]


def test_the_stream_is_read_only_so_far_ahead():
    taken = 0

    def texts():
        nonlocal taken
        for taken in range(1, 100_001):  # noqa: B007
            yield None, "가"

    with TokenizePool(WorkerOptions("whitespace"), workers=2) as pool:
        next(pool.tokenize(texts()))
        assert taken <= 256 * (2 * 3 + 2)


def test_workers_end_with_the_pool_and_when_the_reader_stops():
    with TokenizePool(WorkerOptions("mecab"), workers=2) as pool:
        stream = pool.tokenize((i, "영화 좋다") for i in range(10_000))
        next(stream)
        processes = [worker.process for worker in pool._workers]
        assert processes
    assert not any(process.is_alive() for process in processes)


def test_a_tokenizer_that_cannot_be_made_is_an_error_of_the_pool():
    with (
        TokenizePool(WorkerOptions("mecab|subword@000000000000"), workers=2) as pool,
        pytest.raises(UserError, match="subword model is missing"),
    ):
        list(pool.tokenize((i, "가") for i in range(1000)))


class Slow:
    """Takes for ever over one line."""

    identity = "okt"

    def tokenize(self, text: str) -> list[str]:
        if "느림" in text:
            time.sleep(60)
        return text.split()


def test_a_line_that_takes_too_long_becomes_characters():
    chunk = ["가 나", "느림 이", "다", "느림", ""]
    answer = tokenize_chunk(Slow(), TokenizerSpec("okt"), chunk, 0.2)
    assert answer.texts == ["가 나", "느 림 이", "다", "느 림", ""]
    assert answer.slow == [1, 3]


def test_a_failure_on_the_thread_is_not_lost():
    class Broken:
        identity = "okt"

        def tokenize(self, text: str) -> list[str]:
            raise ValueError("자바")

    with pytest.raises(ValueError, match="자바"):
        tokenize_chunk(Broken(), TokenizerSpec("okt"), ["가"], 1.0)
    assert "okt" in tokenize_worker._BOUNDED


def children_of(process: int) -> list[int]:
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listing.stdout.split()]


def running_processes() -> list[int]:
    """Processes that are not only waiting to be reaped."""
    listing = subprocess.run(
        ["ps", "-e", "-o", "pid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listing.stdout.splitlines())
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_end_everything_and_leave_nothing(tmp_path, sent, code):
    output = tmp_path / "out.tok"
    command = [sys.executable, "-m", "rnntool", "tokenize", "-t", "mecab", "-", "-q", "-o"]
    process = subprocess.Popen(
        [*command, str(output)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write("영화 좋다\n" * 20_000)
    process.stdin.flush()
    time.sleep(1.5)
    children = children_of(process.pid)
    process.send_signal(sent)
    process.stdin.close()
    assert process.wait(timeout=20) == code
    assert os.listdir(tmp_path) == []
    time.sleep(0.3)
    assert not set(children) & set(running_processes())
