"""`rnntool predict`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, TextIO

import typer

from rnntool.commands._command import command, new_app
from rnntool.configuration import refuse_foreign
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import PredictSettings

app = new_app("Answer for each line: label, tags, text; or the next values of a series.")


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
    """Answer for each line of raw text, a line in, a line out, at once.

    A classifier says label and probability, a tagger a tag for each token, a seq2seq model its
    text; a forecaster says what comes after the end of a series.

    Example: echo '이 영화 정말 재밌다' | rnntool predict runs/lstm
    """
    one_blas_thread()  # batches are answered side by side, a core each
    from rnntool.formats.writing import write_text

    answer = _answering(run, settings, report)
    with write_text(output) as sink:
        answer(inputs or ["-"], sink, settings, report)


def _answering(
    path: str, settings: PredictSettings, report: Reporter
) -> Callable[[list[str], TextIO, PredictSettings, Reporter], int]:
    """The function that answers for the run's task."""
    from rnntool.formats.rundir import open_run, require_task

    run = open_run(path)
    refuse_foreign(settings, run.config.task, path)
    if run.config.task == "tag":
        from rnntool.tasks.tag.predict import predict_tags

        return partial(predict_tags, run)
    if run.config.task in ("seq2seq", "forecast"):
        from rnntool.runs.answerer import TORCH_ANSWERS

        report.detail(TORCH_ANSWERS)
    if run.config.task == "seq2seq":
        from rnntool.tasks.seq2seq.predict import predict_answers

        return partial(predict_answers, path)
    if run.config.task == "forecast":
        from rnntool.tasks.forecast.predict import predict_next

        return partial(predict_next, path)
    from rnntool.tasks.classify.predict import predict as classify

    return partial(classify, require_task(run, "classify"))  # who waits, waits for no second look
