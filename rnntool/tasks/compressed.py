"""`compress --check`: compare the figures of a run and of its compressed copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.tasks import evaluate


@dataclass(frozen=True)
class Compared:
    """A figure of `rnntool eval`, of the run and of the compressed one."""

    figure: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """after - before."""
        return self.after - self.before


def compare_figures(
    run: str, compressed: str, data: str, settings: EvaluateSettings, report: Reporter
) -> list[Compared]:
    """Score both on the same data.

    Raises:
        UserError: a run or the data cannot be used.
    """
    before, after = (
        _numbers(evaluate(path, data, settings, report).as_dict()) for path in (run, compressed)
    )
    return [Compared(name, value, after[name]) for name, value in before.items() if name in after]


def _numbers(figures: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if type(value) in (int, float)}
