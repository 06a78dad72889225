"""What every `train` command shows at its end."""

from __future__ import annotations

from pathlib import Path

from rnntool.reporting import Reporter
from rnntool.training.loop import Outcome


def show_outcome(path: Path, outcome: Outcome, report: Reporter) -> None:
    """The best epoch and where the run is: on standard error, as training makes no data."""
    best = outcome.best
    scores = ", ".join(
        f"{key.removeprefix('validation_')} {value:.4f}"
        for key, value in best.items()
        if key.startswith("validation_")
    )
    early = " (stopped early)" if outcome.stopped_early else ""
    report.note(
        f"{path}: best of {len(outcome.history)} epochs{early} is {best['epoch']} with validation"
        f" {scores}; {outcome.seconds:.0f} s"
    )
