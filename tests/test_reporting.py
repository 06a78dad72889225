"""Progress on a terminal."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from rnntool.reporting import PlainReporter, RichReporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "drawn"), [(None, False), (3, True)])
def test_no_bar_is_drawn_into_answers_on_the_terminal(monkeypatch, total, drawn):
    screen = Terminal()
    reporter = RichReporter()
    reporter.console = Console(file=screen, force_terminal=True, width=80)
    monkeypatch.setattr(sys, "stdout", Terminal())
    with reporter.progress("predicting", total, "rows") as progress:
        progress.advance(1)
    assert ("predicting" in screen.getvalue()) == drawn


def test_a_resumed_count_starts_where_it_stood_and_its_rate_is_that_of_now(monkeypatch, capsys):
    reporter = PlainReporter()
    reporter.interval = 1.0
    clock = iter([100.0, 110.0])
    with monkeypatch.context() as patched:
        patched.setattr("rnntool.reporting.time.monotonic", lambda: next(clock))
        with reporter.progress("epoch 1/2", 1000, "tokens", done=600) as progress:
            progress.advance(50)
    assert capsys.readouterr().err == "epoch 1/2: 650/1,000 tokens, 5/s, 70 s left\n"
    screen = Terminal()
    rich = RichReporter()
    rich.console = Console(file=screen, force_terminal=True, width=80)
    with rich.progress("epoch 1/2", 1000, "tokens", done=600) as progress:
        progress.advance(50)
    assert "650/1,000" in screen.getvalue()
