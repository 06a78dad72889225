"""Ctrl-C and SIGTERM, kept until the training stands where it can go on from."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from rnntool.reporting import Reporter


class Interrupt:
    """While entered, a first Ctrl-C or SIGTERM only asks to stop; a second one stops at once.

    An interruption in the middle of a step would leave weights and optimiser half-updated, and a
    resumed training would end elsewhere than an uninterrupted one.
    """

    def __init__(self, report: Reporter) -> None:
        self.report = report
        self.requested: int | None = None  # the signal's number
        self._old: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
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
        """End the command as the signal would have.

        Raises:
            KeyboardInterrupt: it was Ctrl-C.
            SystemExit: it was SIGTERM; 143, as shells write it.
        """
        if self.requested == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt
