"""`rnntool report`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.reports.report_settings import ReportSettings

app = new_app("Write a page about runs: curves, scores, errors, gradients.")


@command(app, "report", ReportSettings)
def report(
    runs: Annotated[list[str], typer.Argument(help="Run directories, of any tasks.")],
    output: Annotated[
        str, typer.Option("-o", "--output", help="HTML file to write; - is standard output.")
    ],
    *,
    settings: ReportSettings,
    report: Reporter,
) -> None:
    """Write a page about runs, side by side: what was trained, how it went, what came out.

    The page is one HTML file that needs no network: sizes and results, the command that trains
    such a run, learning curves. With --data also, by task: scores of each class, confusion matrix,
    reliability diagram, the most confident errors with their tokens coloured by integrated
    gradients, forecasts, the most surprising lines, and the gradient's flow back through time.

    Example: rnntool report runs/rnn runs/gru --data ratings_test.txt -o report.html
    """
    from rnntool.reports.report import write_report

    write_report(runs, output, settings, report)
    report.note(f"{output} is written")
