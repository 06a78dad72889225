"""`rnntool eval`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool import tasks
from rnntool.commands._command import command, new_app
from rnntool.errors import UserError
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.tasks.repeat import evaluate_each, runs_of

app = new_app("Score a trained run on data that it has not seen.")


@command(app, "eval", EvaluateSettings, prints=True)
def evaluate(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    data: Annotated[
        str,
        typer.Argument(help="Data for the run's task: labelled data, text, pairs or a series."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    *,
    settings: EvaluateSettings,
    report: Reporter,
) -> None:
    """Score a trained run on data that it has not seen, with the figures of its task.

    Classifiers and taggers: accuracy, figures of each class, calibration. Language models:
    perplexity, bits per character. Pairs: BLEU, chrF, perplexity. Series: MAE and RMSE, compared
    with two baselines.

    Example: rnntool eval runs/lstm ratings_test.txt --errors wrong.tsv
    """

    def evaluate_run(own: str) -> tasks.Figures:
        return tasks.evaluate(own, data, settings, report)

    runs = runs_of(run)
    if runs and settings.errors is not None:
        raise UserError("contains several runs, and --errors writes the rows of one", where=run,
                        hint=f"give one of them, such as {runs[0]}")  # fmt: skip
    figures = evaluate_each(runs, evaluate_run, report) if runs else evaluate_run(run)
    if json:
        sys.stdout.write(json_module.dumps(figures.as_dict(), ensure_ascii=False) + "\n")
        return
    from rnntool.commands._output import print_table

    for headings, rows in figures.tables():
        print_table(headings, rows)
