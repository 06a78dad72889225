"""`rnntool predict`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.tasks.evaluate_settings import PredictSettings

app = new_app("Answer for each line of text: label and probability.")


@command(app, "predict", PredictSettings)
def predict(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Text, TSV, CSV or tokens files; - is stdin.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="File to write; - is standard output.")
    ] = "-",
    *,
    settings: PredictSettings,
    report: Reporter,
) -> None:
    """Answer for each line of raw text: label and probability, a line in, a line out, at once.

    Example: echo '이 영화 정말 재밌다' | rnntool predict runs/lstm
    """
    from rnntool.formats.writing import write_text
    from rnntool.tasks.predict import predict as answer

    with write_text(output) as sink:
        answer(run, inputs or ["-"], sink, settings, report)
