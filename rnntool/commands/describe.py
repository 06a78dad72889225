"""`rnntool describe`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app

app = new_app("Show a run: layers, parameters, settings, training summary.")


@command(app, "describe", prints=True)
def describe(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Show a run: layers, shapes, parameters, tokenizer, settings, training summary.

    Example: rnntool describe runs/lstm
    """
    from rnntool.commands._tables import print_table
    from rnntool.inspection.describe import describe_run

    found = describe_run(run)
    if json:
        sys.stdout.write(json_module.dumps(found.as_dict(), ensure_ascii=False) + "\n")
        return
    rows = [(n.name, " × ".join(map(str, n.shape)), n.parameters) for n in found.layers]
    print_table(("layer", "shape", "parameters"), rows)
    one_bias = "parameters (one bias a gate: textbooks, Keras)"
    keras: list[tuple[str, object]] = []
    if found.parameters_reset_after is not None:
        one_bias = "parameters (one bias a gate: textbooks, Keras reset_after=False)"
        keras = [("parameters (Keras' default GRU, reset_after=True)",
                  found.parameters_reset_after)]  # fmt: skip
    summary: list[tuple[str, object]] = [
        ("parameters (two biases a gate, as torch)", found.parameters),
        (one_bias, found.parameters_one_bias),
        *keras,
        ("weights, bytes", found.bytes),
        ("tokenizer", found.run.config.tokenizer),
        ("vocabulary", len(found.run.vocabulary)),
        ("labels", ", ".join(found.run.labels)),
    ]
    print_table(("run", str(found.run.path)), summary)
    results = list(found.run.config.results.items())
    print_table(("result", ""), results)
    print_table(("setting", ""), list(found.run.config.settings.items()))
