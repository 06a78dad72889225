"""`rnntool train bilm`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.bilm.settings import BiLMSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "bilm", BiLMSettings)
    def bilm(
        inputs: Annotated[
            list[str], typer.Argument(help="Text, TSV, CSV or tokens files; - is stdin.")
        ],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: BiLMSettings,
        report: Reporter,
    ) -> None:
        """Train a forward and a backward language model on plain text, to fine-tune from.

        Example: rnntool train bilm train.tok -o runs/bilm
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.bilm.train import train_bilm

        path, outcome = train_bilm(inputs, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
