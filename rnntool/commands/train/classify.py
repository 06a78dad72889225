"""`rnntool train classify`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.reporting import Reporter
from rnntool.tasks.classify_settings import ClassifySettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "classify", ClassifySettings)
    def classify(
        data: Annotated[str, typer.Argument(help="Labelled tokens (TSV or CSV), or - (stdin).")],
        output: Annotated[str, typer.Option("-o", "--output", help="Run directory to write.")],
        force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
        resume: Annotated[
            bool, typer.Option("--resume", help="Go on with an interrupted training.")
        ] = False,
        *,
        settings: ClassifySettings,
        report: Reporter,
    ) -> None:
        """Train a classifier of texts, many to one, for two or more classes.

        Example: rnntool train classify train.tok --vectors cbow.vec --cell gru -o runs/gru
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.classify import train_classifier

        path, outcome = train_classifier(data, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
