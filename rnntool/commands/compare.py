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
        str, typer.Argument(help="Labelled texts, tagged sentences or text that neither has seen.")
    ],
    json: Annotated[bool, typer.Option("--json", help="The comparison as JSON.")] = False,
    *,
    settings: CompareSettings,
    report: Reporter,
) -> None:
    """Compare two runs on the same rows: classifiers, taggers, or language models line by line.

    Each figure of both, and b minus a with a 95 % interval by paired bootstrap (of tagged text,
    whole sentences are drawn). McNemar's exact test asks whether each run is right alone as often
    as the other; for language models the sign test asks whether each finds as many lines likelier.
    An interval without 0, or a p below 0.05, is hardly chance in these rows; runs with other seeds
    may still differ as much.

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
        report.note(f"{settings.rows}: {len(found.differing):,} rows on which they differ")
    if json:
        record = {"a": a, "b": b, **compared.as_dict()}
        sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
        return
    report.note(f"a is {a}, b is {b}")
    for headings, rows in compared.tables():
        print_table(headings, rows)
