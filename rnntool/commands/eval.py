"""`rnntool eval`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.tasks.evaluate_settings import EvaluateSettings

app = new_app("Score a trained run on labelled data.")


@command(app, "eval", EvaluateSettings)
def evaluate(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    data: Annotated[str, typer.Argument(help="Labelled data, raw text or tokens; - is stdin.")],
    errors: Annotated[
        str | None,
        typer.Option("--errors", help="Write the misclassified rows, most confident first."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    *,
    settings: EvaluateSettings,
    report: Reporter,
) -> None:
    """Score a trained run on labelled data: accuracy, each class, confusion, calibration.

    Example: rnntool eval runs/lstm ratings_test.txt --errors wrong.tsv
    """
    from rnntool.commands._tables import print_table
    from rnntool.tasks.evaluate import evaluate as score

    result = score(run, data, settings, report, errors)
    if json:
        sys.stdout.write(json_module.dumps(result.as_dict(), ensure_ascii=False) + "\n")
        return
    names = ("documents", "accuracy", "macro_f1", "loss", "calibration_error")
    print_table(names, [[getattr(result, name) for name in names]])
    print_table(
        ("class", "precision", "recall", "f1", "support"),
        [(c.label, c.precision, c.recall, c.f1, c.support) for c in result.classes],
    )
    labels = [c.label for c in result.classes]
    print_table(
        ("true \\ predicted", *labels),
        [(label, *row) for label, row in zip(labels, result.confusion, strict=True)],
    )
