"""`rnntool export`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import ExportSettings

app = new_app("Write a classifier as ONNX, for programs without torch or Python.")


@command(app, "export", ExportSettings)
def export(
    run: Annotated[str, typer.Argument(help="Run directory of train classify.")],
    output: Annotated[str, typer.Option("-o", "--output", help="ONNX file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    *,
    settings: ExportSettings,
    report: Reporter,
) -> None:
    """Write a classifier as ONNX: from token numbers and lengths to probabilities.

    The file's metadata contain the tokenizer, the vocabulary and the labels.

    Example: rnntool export runs/lstm -o lstm.onnx --int8 --check ratings_test.txt
    """
    from rnntool.tasks.classify.export import export_classifier

    figures = export_classifier(run, output, settings, report, force=force)
    if figures:
        from rnntool.commands._output import print_table

        print_table(("figure", "value"), list(figures.items()))
