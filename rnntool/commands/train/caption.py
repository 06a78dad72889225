"""`rnntool train caption`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.caption.settings import CaptionSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "caption", CaptionSettings)
    def caption(
        text: Annotated[str, typer.Argument(help="Texts: lines, TSV or CSV.")],
        features: Annotated[str, typer.Argument(help="A vector for each text: .npy or CSV.")],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: CaptionSettings,
        report: Reporter,
    ) -> None:
        """Train a language model that a vector leads, one to many: a vector in, a text out.

        Example: rnntool train caption reviews.txt vectors.npy -o runs/caption
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.caption.train import train_caption

        path, outcome = train_caption(
            text, features, output, settings, report, force=force, resume=resume
        )
        show_outcome(path, outcome, report)
