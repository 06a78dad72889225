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
    """Write an HTML page that describes and compares runs.

    The page is a single file that needs no network. It shows sizes, results, the training command
    and the learning curves. With --data it also shows, depending on the task, the scores of each
    class, the confusion matrix, a reliability diagram, the most confident errors with tokens
    coloured by integrated gradients, forecasts, the most surprising lines, and the gradient flow.

    Example: rnntool report runs/rnn runs/gru --data ratings_test.txt -o report.html
    """
    from rnntool.reports.report import write_report

    write_report(runs, output, settings, report)
    report.note(f"wrote {output}")
