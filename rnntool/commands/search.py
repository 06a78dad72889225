"""`rnntool search`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.runs.search_settings import SearchSettings

app = new_app("Try settings of a task within a time budget, and keep the best run.")


@command(app, "search", SearchSettings)
def search(
    task: Annotated[str, typer.Argument(help="classify, lm, tag, seq2seq, caption or forecast.")],
    inputs: Annotated[list[str], typer.Argument(help="Input files, as for `train TASK`.")],
    space: Annotated[
        str,
        typer.Option(
            "--space", help="YAML file: `setting: [a, b]` or `setting: {low: …, high: …}`."
        ),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="Folder for the table and the best run.")
    ],
    resume: Annotated[bool, typer.Option("--resume", help="Continue an earlier search.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the trials as JSON lines.")] = False,
    *,
    settings: SearchSettings,
    report: Reporter,
) -> None:
    """Try settings of a task and keep the run with the best validation figure.

    Example: rnntool search classify train.tok --space space.yaml --minutes 30 -o runs/search
    """
    from rnntool.commands._output import print_table
    from rnntool.runs.search import BEST
    from rnntool.runs.search import search as run_search

    rows = run_search(task, inputs, space, output, settings, report, resume=resume)
    if json:
        for row in rows:
            sys.stdout.write(json_module.dumps(row, ensure_ascii=False) + "\n")
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    report.note(f"{output}/{BEST}: the best run, of trial {rows[0]['trial']}")
