"""`rnntool train classify`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.classify.settings import ClassifySettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "classify", ClassifySettings)
    def classify(
        data: Annotated[str, typer.Argument(help="Labelled tokens (TSV or CSV), or - (stdin).")],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: ClassifySettings,
        report: Reporter,
    ) -> None:
        """Train a classifier of texts, many to one, for two or more classes.

        Example: rnntool train classify train.tok --vectors cbow.vec --cell gru -o runs/gru
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.classify.train import train_classifier

        path, outcome = train_classifier(data, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
