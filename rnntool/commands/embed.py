"""`rnntool embed`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.commands._output import note_waiting
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EmbedSettings

app = new_app("Compute a vector for each token in its context, or one for each text.")


@command(app, "embed", EmbedSettings)
def embed(
    run: Annotated[str, typer.Argument(help="Run directory of train bilm.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Text, TSV, CSV or tokens files; - is stdin.")
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="FILE.npz, .npy, .vec or .jsonl; - writes JSON lines to stdout."
        ),
    ] = "-",
    *,
    settings: EmbedSettings,
    report: Reporter,
) -> None:
    """Compute vectors of tokens in context with a forward and a backward language model (ELMo).

    Example: echo '배가 고파서 배를 먹었다' | rnntool embed runs/bilm --layer top
    """
    from rnntool.tasks.bilm.embed import embed as write_vectors

    note_waiting(inputs or ["-"], report)
    count = write_vectors(run, inputs or ["-"], output, settings, report)
    report.note(f"{count:,} texts")
