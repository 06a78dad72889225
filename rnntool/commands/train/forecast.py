"""`rnntool train forecast`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.forecast.settings import ForecastSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "forecast", ForecastSettings)
    def forecast(
        data: Annotated[
            str, typer.Argument(help="Series: CSV or TSV with a header, oldest first.")
        ],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: ForecastSettings,
        report: Reporter,
    ) -> None:
        """Train on numbers over time, many to one: a window in, the next values out.

        Example: rnntool train forecast daily-min-temperatures.csv --window 30 -o runs/temp
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.forecast.train import train_forecast

        path, outcome = train_forecast(data, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
