from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions, tokenize_chunk
from rnntool.errors import UserError
from rnntool.reporting import QuietReporter
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import SplitTokenizer


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


class Odd(SplitTokenizer):
    """Takes for ever over some lines and fails on others."""

    def __init__(self) -> None:
        super().__init__(TokenizerSpec("okt", frozenset({"lower"}), fold=2), self.split)

    def split(self, text: str) -> list[str]:
        if "느림" in text:
            time.sleep(60)
        if "🙂" in text:
            raise ValueError("자바")
        return text.split()


def test_a_line_that_takes_too_long_or_fails_becomes_normalized_characters():
    chunk = ["가 나", "느림\tABBBB\n끝", "다", "느림", "", "🙂 라", "마"]
    answer = tokenize_chunk(Odd(), TokenizerSpec("okt"), chunk, 1.0)
    assert answer.texts == ["가 나", "느 림 a b b 끝", "다", "느 림", "", "🙂 라", "마"]
    assert (answer.slow, answer.failed) == (2, 1)


class OddTogether(Odd):
    """The same, given three at a time: a line that is slow or fails spoils its neighbours' call."""

    def __init__(self) -> None:
        super().__init__()
        self.together = 3
        self.calls: list[int] = []

    def tokenize_many(self, texts: list[str]) -> list[list[str]]:
        assert len(texts) <= self.together
        self.calls.append(len(texts))
        return [self.tokenize(text) for text in texts]


def test_lines_beside_a_slow_or_failing_one_keep_their_tokens():
    chunk = ["가 나", "느림", "다 라", "", "🙂 마", "바 사", "아", "자", "차 카", "타"]
    odd = OddTogether()
    answer = tokenize_chunk(odd, TokenizerSpec("okt"), chunk, 0.5)
    assert answer.texts == [
        "가 나",
        "느 림",
        "다 라",
        "",
        "🙂 마",
        "바 사",
        "아",
        "자",
        "차 카",
        "타",
    ]
    assert (answer.slow, answer.failed) == (1, 1)
    assert odd.calls == [3, 3, 3]  # the last line is alone, as are those after a slow call


def test_a_failing_line_of_any_tokenizer_costs_that_line_alone():
    answer = tokenize_chunk(Odd(), TokenizerSpec("mecab"), ["가", "🙂라", "나"], 1.0)
    assert (answer.texts, answer.failed) == (["가", "🙂 라", "나"], 1)


def test_fallbacks_are_said(capsys):
    with TokenizePool(WorkerOptions("okt")) as pool:
        pool.slow, pool.failed = 2, 1
        pool.warn_of_characters(QuietReporter())
    said = capsys.readouterr().err
    assert "2 lines took over 5.0 s" in said
    assert "okt failed on 1 lines" in said


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
    children: list[int] = []
    deadline = time.monotonic() + 60
    while not children and time.monotonic() < deadline:  # until it is at work
        time.sleep(0.1)
        children = children_of(process.pid)
    assert children
    process.send_signal(sent)
    process.stdin.close()
    assert process.wait(timeout=60) == code
    assert os.listdir(tmp_path) == []
    time.sleep(0.3)
    assert not set(children) & set(running_processes())
