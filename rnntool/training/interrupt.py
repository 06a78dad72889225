"""Delay Ctrl-C and SIGTERM until the training can stop and continue later."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from rnntool.reporting import Reporter


class Interrupt:
    """Inside the block, the first Ctrl-C or SIGTERM requests a stop; the second one stops at once.

    If a step was interrupted, weights and optimiser would be only partly updated, and a resumed
    training would end with other weights than an uninterrupted one.
    """

    def __init__(self, report: Reporter) -> None:
        self.report = report
        self.requested: int | None = None  # the signal's number
        self._old: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # Python allows it only there
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested is not None:
            raise KeyboardInterrupt
        self.requested = number
        self.report.note("stopping after this step; Ctrl-C again stops at once")

    def stop(self) -> None:
        """End the command as the signal would have done.

        Raises:
            KeyboardInterrupt: after Ctrl-C.
            SystemExit: after SIGTERM, with the exit code 143.
        """
        if self.requested == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt
