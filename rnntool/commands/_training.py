"""What every `train` command shows at its end."""

from __future__ import annotations

from pathlib import Path

from rnntool.reporting import Reporter
from rnntool.training.loop import Outcome

_COLUMNS = {
    "epoch": "epoch",
    "train_loss": "loss",
    "validation_loss": "validation loss",
    "validation_accuracy": "accuracy",
    "validation_f1": "F1",
    "validation_perplexity": "perplexity",
    "validation_forward_perplexity": "forward perplexity",
    "validation_backward_perplexity": "backward",
    "validation_rmse": "RMSE",
    "validation_mae": "MAE",
    "clipped_share": "clipped",
    "examples_per_second": "per second",
    "seconds": "seconds",
}


def show_outcome(path: Path, outcome: Outcome, report: Reporter) -> None:
    """A table of the epochs, the best one marked, and where the run is.

    On standard error: training makes a directory, and no data for a pipe.
    """
    columns = {key: name for key, name in _COLUMNS.items() if key in outcome.best}
    report.table(
        ["", *columns.values()],
        [
            ["*" if entry is outcome.best else "", *(entry[key] for key in columns)]
            for entry in outcome.history
        ],
    )
    early = ", stopped early" if outcome.stopped_early else ""
    report.note(f"{path}: epoch {outcome.best['epoch']} is kept; {outcome.seconds:.0f} s{early}")
