"""Progress on a terminal."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from rnntool.reporting import RichReporter


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
