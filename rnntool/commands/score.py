"""`rnntool score`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool import tasks
from rnntool.commands._command import command, new_app
from rnntool.commands._output import note_waiting
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import ScoreSettings

app = new_app("Compute the log-probability of each line of text by a language model.")


@command(app, "score", ScoreSettings)
def score(
    run: Annotated[str, typer.Argument(help="Run directory of train lm or train bilm.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Text, TSV, CSV or tokens files; - is stdin.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="File to write; - is standard output.")
    ] = "-",
    *,
    settings: ScoreSettings,
    report: Reporter,
) -> None:
    """Compute how probable each line of text is: log-probability in nats, tokens, perplexity.

    Of a biLM, both directions: forward and backward log-probability, tokens, forward and backward
    perplexity.

    Example: printf 'dog bites man\\nman bites dog\\n' | rnntool score runs/lm
    """
    from rnntool.formats.writing import write_text

    note_waiting(inputs or ["-"], report)
    with write_text(output) as sink:
        tasks.score(run, inputs or ["-"], sink, settings, report)
