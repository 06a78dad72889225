"""`rnntool train seq2seq`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "seq2seq", Seq2SeqSettings)
    def seq2seq(
        data: Annotated[
            str, typer.Argument(help="Pairs: TSV or CSV with a source and a target column.")
        ],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: Seq2SeqSettings,
        report: Reporter,
    ) -> None:
        """Train an encoder and a decoder, many to many and delayed: a text in, a text out.

        Example: rnntool train seq2seq ChatbotData.csv --attention general -o runs/chat
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.seq2seq.train import train_seq2seq

        path, outcome = train_seq2seq(data, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
