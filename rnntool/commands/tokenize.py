"""`rnntool tokenize`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.commands._output import note_waiting
from rnntool.reporting import Reporter
from rnntool.text.spec import TokenizeSettings

app = new_app("Split text into tokens.")


@command(app, "tokenize", TokenizeSettings)
def tokenize(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Text, TSV or CSV files; - is standard input.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Tokens file to write; - is standard output.")
    ] = "-",
    *,
    settings: TokenizeSettings,
    report: Reporter,
) -> None:
    """Split text into tokens on all cores: one output row for each input row, in order.

    Example: rnntool tokenize -t mecab ratings_train.txt -o train.tok
    """
    from rnntool.data.tokenize import tokenize_files

    note_waiting(inputs or ["-"], report)
    tokenize_files(inputs or ["-"], output, settings, report)
