"""`rnntool describe`."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.inspection.describe import Description

app = new_app("Show a run: task, tokenizer, sizes, score, settings, layers.")


@command(app, "describe", prints=True)
def describe(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Show every setting, and the shape of each layer.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    *,
    report: Reporter,
) -> None:
    """Show a run: task, tokenizer, sizes, score, and the settings that differ from their defaults.

    Example: rnntool describe runs/lstm
    """
    from rnntool.commands._output import print_table
    from rnntool.inspection.describe import describe_run

    found = describe_run(run)
    found.run.note(report)
    if json:
        sys.stdout.write(json_module.dumps(found.as_dict(), ensure_ascii=False) + "\n")
        return
    config = found.run.config
    print_table((found.run.path.resolve().name, ""), _summary(found))
    if config.results:  # of an interrupted training there are none yet
        print_table(("result", ""), list(config.results.items()))
    settings = config.settings if everything else found.changed_settings()
    if settings:
        print_table(("setting" if everything else "changed setting", ""),
                    list(settings.items()))  # fmt: skip
    if everything:
        rows = [(n.name, " × ".join(map(str, n.shape)), n.parameters) for n in found.layers]
        print_table(("layer", "shape", "parameters"), rows)


def _summary(found: Description) -> list[tuple[str, object]]:
    run = found.run
    rows: list[tuple[str, object]] = [("task", run.config.task)]
    if run.config.tokenizer != "none":
        rows += [("tokenizer", run.config.tokenizer), ("vocabulary", len(run.vocabulary))]
    if run.labels:
        shown = ", ".join(run.labels[:10])
        rest = f", … ({len(run.labels)} labels)" if len(run.labels) > 10 else ""
        rows.append(("labels", shown + rest))
    rows.append(("parameters, as torch counts them", found.parameters))
    gru = str(run.config.settings.get("cell")).startswith("gru")
    whose = "Keras, reset_after=False" if gru else "textbooks, Keras"
    rows.append((f"with one bias per gate ({whose})", found.parameters_one_bias))
    if found.parameters_reset_after is not None:
        rows.append(("as in Keras' default GRU (reset_after=True)", found.parameters_reset_after))
    return [*rows, ("weights, bytes", found.bytes)]
