"""`rnntool plot`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.reports.plot_settings import PlotSettings

app = new_app("Draw learning curves, a confusion matrix, or a map of word vectors.")


@command(app, "plot", PlotSettings)
def plot(
    inputs: Annotated[
        list[str], typer.Argument(help="Run directories; with --map, a run or a file of vectors.")
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="Picture to write: FILE.png, .svg or .pdf.")
    ],
    *,
    settings: PlotSettings,
    report: Reporter,
) -> None:
    """Draw the learning curves of runs, a run's confusion matrix, or a map of word vectors.

    Example: rnntool plot runs/rnn runs/lstm runs/gru -o curves.png
    """
    from rnntool.reports.plot import plot as draw

    draw(inputs, output, settings, report)
