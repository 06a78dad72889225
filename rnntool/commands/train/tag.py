"""`rnntool train tag`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command
from rnntool.commands.train._flags import Force, Output, Resume
from rnntool.reporting import Reporter
from rnntool.tasks.tag.settings import TagSettings


def register(app: typer.Typer) -> None:
    """Add the subcommand."""

    @command(app, "tag", TagSettings)
    def tag(
        data: Annotated[
            str, typer.Argument(help="Tagged sentences: CoNLL-U, columns or a table; - is stdin.")
        ],
        output: Output,
        force: Force = False,
        resume: Resume = False,
        *,
        settings: TagSettings,
        report: Reporter,
    ) -> None:
        """Train a tagger, many to many and aligned: a label for each token.

        Example: rnntool train tag ko_gsd-ud-dev.conllu -o runs/pos
        """
        from rnntool.commands._training import show_outcome
        from rnntool.tasks.tag.train import train_tagger

        path, outcome = train_tagger(data, output, settings, report, force=force, resume=resume)
        show_outcome(path, outcome, report)
