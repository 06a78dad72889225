"""`rnntool train lm`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.lm.settings import LMSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "lm", LMSettings)
    def lm(
        inputs: Annotated[
            list[str], typer.Argument(help="Text, TSV, CSV or tokens files; - is stdin.")
        ],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: LMSettings,
        report: Reporter,
    ) -> None:
        """Train a language model of characters, jamo, words or subwords with truncated BPTT.

        Example: rnntool train lm corpus.txt --unit char --hidden 384 -o runs/lm
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.lm.train import train_language_model

        path, outcome = train_language_model(
            inputs, output, settings, report, force=force, resume=resume
        )
        show_outcome(path, outcome, report)
