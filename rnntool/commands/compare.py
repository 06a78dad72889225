"""`rnntool compare`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool import tasks
from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import CompareSettings

app = new_app("Compare two runs on the same rows: difference, interval, exact test.")


@command(app, "compare", CompareSettings, prints=True)
def compare(
    a: Annotated[str, typer.Argument(help="Run directory.")],
    b: Annotated[str, typer.Argument(help="Another run of the same task and labels.")],
    data: Annotated[
        str,
        typer.Argument(help="Labelled texts, tagged sentences or text that is new to both runs."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    *,
    settings: CompareSettings,
    report: Reporter,
) -> None:
    """Compare two runs on the same rows: classifiers, taggers, or language models line by line.

    Shows each figure of both runs, and the difference b - a with a 95 % interval from a paired
    bootstrap (for tagged text, over whole sentences). McNemar's exact test checks whether the rows
    that only a gets right are as many as those that only b gets right; for language models, the
    sign test checks whether each gives the higher probability to as many lines. If the interval
    does not contain 0, or p is below 0.05, the difference on these rows is unlikely to be chance.
    Training with another seed may still change the figures as much.

    Example: rnntool compare runs/lstm runs/gru ratings_test.txt --rows differ.tsv
    """
    from rnntool.commands._output import print_table
    from rnntool.formats.writing import write_text

    found = tasks.compare(a, b, data, settings, report)
    compared = found.compared(settings.resamples, settings.seed)
    if settings.rows is not None:
        with write_text(settings.rows) as sink:
            for row in (found.headings, *found.differing):
                sink.write("\t".join(map(str, row)) + "\n")
        report.note(f"{settings.rows}: {len(found.differing):,} rows with different results")
    if json:
        record = {"a": a, "b": b, **compared.as_dict()}
        sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
        return
    report.note(f"a is {a}, b is {b}")
    for headings, rows in compared.tables():
        print_table(headings, rows)
