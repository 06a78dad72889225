"""`rnntool models`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

app = new_app("List the models that have a name: the bundled ones, and your own.")


@command(app, "models", prints=True)
def models(
    name: Annotated[str | None, typer.Argument(help="Show this model's card.")] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON lines instead of a table."),
    ] = False,
    *,
    report: Reporter,
) -> None:
    """List the models that have a name: the bundled ones, and your own.

    A name can be used wherever a command takes a run directory. The environment variable
    RNNTOOL_MODELS gives a folder of your own run directories (or several, separated as in PATH).
    With NAME, show the card of that model: its training data and command, score, limits, licence.

    Example: rnntool models
    """
    from rnntool.commands._output import print_table
    from rnntool.runs.models import card_text, list_models

    if name is not None:
        sys.stdout.write(card_text(name))
        return
    found = list_models(report)
    if json:
        for model in found:
            sys.stdout.write(json_module.dumps(model.as_dict(), ensure_ascii=False) + "\n")
        return
    rows = [(m.name, m.task, f"{m.bytes / 1e6:.1f} MB", m.score, m.summary) for m in found]
    print_table(("name", "task", "size", "score", "what it does"), rows)
