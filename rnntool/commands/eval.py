"""`rnntool eval`."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.tasks.evaluate_settings import EvaluateSettings

if TYPE_CHECKING:
    from rnntool.tasks.metrics import ClassificationReport

app = new_app("Score a trained run: a classifier on labelled data, a language model on text.")


@command(app, "eval", EvaluateSettings)
def evaluate(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    data: Annotated[
        str,
        typer.Argument(help="Labelled data, or text for a language model; raw or tokens; - stdin."),
    ],
    errors: Annotated[
        str | None,
        typer.Option("--errors", help="Write the misclassified rows, most confident first."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    *,
    settings: EvaluateSettings,
    report: Reporter,
) -> None:
    """Score a trained run: accuracy, each class, calibration; or perplexity, bits per character.

    Example: rnntool eval runs/lstm ratings_test.txt --errors wrong.tsv
    """
    from rnntool.formats.rundir import open_run
    from rnntool.tasks.evaluate import evaluate as score

    if open_run(run).config.task == "lm":
        _evaluate_language_model(run, data, settings, report, json)
        return
    result = score(run, data, settings, report, errors)
    if json:
        sys.stdout.write(json_module.dumps(result.as_dict(), ensure_ascii=False) + "\n")
        return
    _print_classes(result)


def _evaluate_language_model(
    run: str, data: str, settings: EvaluateSettings, report: Reporter, json: bool
) -> None:
    from rnntool.commands._tables import print_table
    from rnntool.tasks.lm_evaluate import evaluate_language_model
    from rnntool.tasks.lm_run import load_language_model

    trained = load_language_model(run, settings.device, settings.threads)
    result = evaluate_language_model(trained, data, settings, report).as_dict()
    if json:
        sys.stdout.write(json_module.dumps(result, ensure_ascii=False) + "\n")
        return
    print_table(("figure", "value"), list(result.items()))


def _print_classes(result: ClassificationReport) -> None:
    from rnntool.commands._tables import print_table

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
