"""`rnntool predict`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool import tasks
from rnntool.commands._command import command, new_app
from rnntool.commands._output import note_waiting
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import PredictSettings

app = new_app("Predict for each line a label, tags or a text; or the next values of a series.")


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
    """Predict for each line of raw text as it arrives: one line of output for each line of input.

    A classifier prints a label and its probability, a tagger a tag for each token, a seq2seq model
    a text, and a forecaster the next values of a series.

    Example: echo '이 영화 정말 재밌다' | rnntool predict runs/lstm
    """
    one_blas_thread()  # the other cores tokenize, or compute other batches
    from rnntool.formats.writing import write_text

    note_waiting(inputs or ["-"], report)
    with write_text(output) as sink:
        tasks.predict(run, inputs or ["-"], sink, settings, report)
