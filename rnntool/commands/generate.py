"""`rnntool generate`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import GenerateSettings

app = new_app("Generate text with a language or captioning model, token by token.")


@command(app, "generate", GenerateSettings)
def generate(
    run: Annotated[str, typer.Argument(help="Run directory of train lm or train caption.")],
    output: Annotated[
        str, typer.Option("-o", "--output", help="File to write; - is standard output.")
    ] = "-",
    *,
    settings: GenerateSettings,
    report: Reporter,
) -> None:
    """Generate text with a language model: write the prompt and its continuation.

    Example: rnntool generate runs/lm --prompt '대한민국은' --length 300 --temperature 0.8
    """
    from rnntool.formats.writing import write_text
    from rnntool.tasks.lm.generate import generate_text

    with write_text(output) as sink:
        generate_text(run, settings, sink, report)
