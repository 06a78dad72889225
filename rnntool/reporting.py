"""Messages of a running command: notes, warnings and progress, all on standard error.

Library code never prints. It gets a `Reporter`, and the command chooses which kind.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from rnntool.machine import process_rank
from rnntool.tables import draw_table


class Progress(Protocol):
    """A running count."""

    def advance(self, count: int = 1, **shown: str) -> None:
        """Add to the count, and show named values (loss, accuracy) beside it."""


class Reporter(Protocol):
    """Receives the messages of library code."""

    def note(self, message: str) -> None:
        """One line about what was chosen, counted or written."""

    def detail(self, message: str) -> None:
        """A note that is shown only with `--verbose`."""

    def warn(self, message: str) -> None:
        """A possible problem; the work continues."""

    def event(self, name: str, values: dict[str, Any], summary: str) -> None:
        """A measured step (an epoch): its values for a program, a summary for a person."""

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """A summary for people; programs read the events instead."""

    def progress(
        self, description: str, total: int | None, unit: str, done: int = 0
    ) -> AbstractContextManager[Progress]:
        """A count of `unit`s towards `total` (None: unknown), of which some are done already."""


def make_reporter(log_format: str, quiet: bool, verbose: bool = False) -> Reporter:
    """The reporter for `--log-format`; `auto` draws bars only on a terminal."""
    if process_rank() > 0:  # torchrun: only the first reports
        return SilentReporter()
    if quiet or log_format == "none":
        return QuietReporter()
    if log_format == "auto":
        log_format = "rich" if sys.stderr.isatty() else "plain"
    kinds = {"json": JsonReporter, "rich": RichReporter, "plain": PlainReporter}
    reporter = kinds[log_format]()
    reporter.verbose = verbose
    return reporter


def _rate(per_second: float) -> str:
    """Units per second: two digits below 10 (epochs), whole numbers above."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"


class _NoProgress:
    def advance(self, count: int = 1, **shown: str) -> None:
        """Nothing is shown."""


class QuietReporter:
    """Shows only warnings."""

    verbose = False

    def note(self, message: str) -> None:
        """Shows nothing."""

    def detail(self, message: str) -> None:
        """A note, with `--verbose`."""
        if self.verbose:
            self.note(message)

    def warn(self, message: str) -> None:
        """Prints the warning even with --quiet: it may explain a strange result."""
        print(f"rnntool: warning: {message}", file=sys.stderr, flush=True)

    def event(self, name: str, values: dict[str, Any], summary: str) -> None:
        """Shows nothing."""

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """Shows nothing."""

    @contextmanager
    def progress(
        self, description: str, total: int | None, unit: str, done: int = 0
    ) -> Iterator[Progress]:
        """No display."""
        yield _NoProgress()


class SilentReporter(QuietReporter):
    """Shows nothing, as another process shows the same."""

    def warn(self, message: str) -> None:
        """Shows nothing."""


class PlainReporter(QuietReporter):
    """Lines without control characters, for logs; a progress line every 30 seconds."""

    interval = 30.0

    def note(self, message: str) -> None:
        """A line."""
        print(message, file=sys.stderr, flush=True)

    def event(self, name: str, values: dict[str, Any], summary: str) -> None:
        """The summary, as a line."""
        self.note(summary)

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """Aligned columns."""
        draw_table(sys.stderr, columns, rows)

    @contextmanager
    def progress(
        self, description: str, total: int | None, unit: str, done: int = 0
    ) -> Iterator[Progress]:
        """A line every `interval` seconds, with rate and time left."""
        yield _TimedProgress(self.interval, description, total, unit, done, self._show)

    def _show(self, state: dict[str, Any]) -> None:
        total = f"/{state['total']:,}" if state["total"] else ""
        left = f", {state['seconds_left']:.0f} s left" if state["seconds_left"] else ""
        shown = "".join(f", {key} {value}" for key, value in state["shown"].items())
        self.note(
            f"{state['description']}: {state['count']:,}{total} {state['unit']}, "
            f"{_rate(state['rate'])}{left}{shown}"
        )


class JsonReporter(PlainReporter):
    """One JSON object a line."""

    interval = 5.0

    def note(self, message: str) -> None:
        """{"event": "note", ...}"""
        self._write({"event": "note", "message": message})

    def warn(self, message: str) -> None:
        """{"event": "warning", ...}"""
        self._write({"event": "warning", "message": message})

    def event(self, name: str, values: dict[str, Any], summary: str) -> None:
        """{"event": NAME, ...}"""
        self._write({"event": name, **values})

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """Nothing: its figures were events."""

    def _show(self, state: dict[str, Any]) -> None:
        self._write({"event": "progress", **state})

    def _write(self, values: dict[str, Any]) -> None:
        print(json.dumps(values, ensure_ascii=False), file=sys.stderr, flush=True)


class _TimedProgress:
    """A count that is shown every `interval` seconds."""

    def __init__(
        self, interval: float, description: str, total: int | None, unit: str, done: int, show: Any
    ) -> None:
        self.interval, self.show = interval, show
        self.description, self.total, self.unit = description, total, unit
        self.count = self.done = done
        self.start = self.last = time.monotonic()

    def advance(self, count: int = 1, **shown: str) -> None:
        self.count += count
        now = time.monotonic()
        if now - self.last < self.interval:
            return
        self.last = now
        rate = (self.count - self.done) / (now - self.start)
        left = (self.total - self.count) / rate if self.total and rate else None
        self.show(
            {
                "description": self.description,
                "count": self.count,
                "total": self.total,
                "unit": self.unit,
                "rate": rate,
                "seconds_left": left,
                "shown": shown,
            }
        )


class RichReporter(QuietReporter):
    """Live bars on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False)

    def note(self, message: str) -> None:
        """A line above the bar."""
        self.console.print(message, markup=False)

    def warn(self, message: str) -> None:
        """A yellow line above the bar."""
        self.console.print(f"rnntool: warning: {message}", style="yellow", markup=False)

    def event(self, name: str, values: dict[str, Any], summary: str) -> None:
        """The summary above the bar."""
        self.note(summary)

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """A drawn table."""
        draw_table(sys.stderr, columns, rows)

    @contextmanager
    def progress(
        self, description: str, total: int | None, unit: str, done: int = 0
    ) -> Iterator[Progress]:
        """A bar that disappears when the work is done.

        There is none for a stream that is answered on the terminal itself: the answers would be
        written into the bar.
        """
        if total is None and sys.stdout.isatty():
            yield _NoProgress()
            return
        from rich import progress as bars

        columns = [
            bars.TextColumn("{task.description}"),
            bars.BarColumn(bar_width=12),
            bars.TextColumn("{task.completed:,.0f}" + (f"/{total:,}" if total else f" {unit}")),
            bars.TextColumn("{task.fields[rate]}"),
            bars.TimeRemainingColumn(compact=True) if total else bars.TimeElapsedColumn(),
            bars.TextColumn("{task.fields[shown]}"),
        ]
        with bars.Progress(*columns, console=self.console, transient=True) as display:
            task = display.add_task(description, total=total, completed=done, rate="", shown="")
            yield _RichProgress(display, task)


class _RichProgress:
    def __init__(self, display: Any, task: Any) -> None:
        self.display, self.task = display, task

    def advance(self, count: int = 1, **shown: str) -> None:
        state = self.display.tasks[self.task]
        rate = _rate(state.speed) if state.speed else ""
        text = "  ".join(f"{key} {value}" for key, value in shown.items()) or state.fields["shown"]
        self.display.update(self.task, advance=count, rate=rate, shown=text)
