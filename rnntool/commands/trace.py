"""`rnntool trace`."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app

if TYPE_CHECKING:
    from rnntool.inspection.trace import TraceStep

app = new_app("Show a recurrent network step by step: gates, states, output.")


@command(app, "trace", prints=True)
def trace(
    run: Annotated[str | None, typer.Argument(help="Run directory; none with --weights.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="The text to read.")] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="A network written out in a YAML file.")
    ] = None,
    units: Annotated[bool, typer.Option("--units", help="Every unit, not means.")] = False,
    top: Annotated[int, typer.Option("--top", help="Likeliest outputs shown.", min=1)] = 3,
    json: Annotated[bool, typer.Option("--json", help="JSON lines, with every unit.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV: a value of a unit a row.")] = False,
) -> None:
    """Show a network step by step: pre-activations, gates, states, and the output after each.

    Example: rnntool trace runs/lm --text 'hello' --top 2
    """
    from rnntool.errors import UserError
    from rnntool.inspection.trace import trace_weights

    if (run is None) == (weights is None):
        raise UserError("give a run directory, or --weights FILE.yaml")
    if weights is not None:
        steps = trace_weights(weights, text, top)
    else:
        assert run is not None
        steps = _of_run(run, text, top)
    if json:
        for step in steps:
            sys.stdout.write(json_module.dumps(vars(step), ensure_ascii=False) + "\n")
    elif csv:
        _write_csv(steps)
    else:
        _show(steps, units)


def _of_run(path: str, text: str | None, top: int) -> list[TraceStep]:
    from rnntool.inspection.probe import RunProbes
    from rnntool.inspection.texts import read_texts
    from rnntool.inspection.trace import trace_run
    from rnntool.runs.open import open_run

    run = open_run(path)
    tokens, _ = next(read_texts(run, "-", text, 1, 0))
    return trace_run(RunProbes(run), tokens, top)


def _show(steps: list[TraceStep], units: bool) -> None:
    from rnntool.commands._output import print_table

    several = len({(step.layer, step.direction) for step in steps}) > 1
    rows, columns = [], ["step", "token"] + (["layer"] if several else [])
    names = list(steps[0].values if units else steps[0].means())
    for step in steps:
        place = [f"{step.layer} {step.direction}"] if several else []
        if units:
            cells = [" ".join(f"{v:.4f}" for v in step.values[name]) for name in names]
        else:
            cells = [f"{value:.4f}" for value in step.means().values()]
        output = "  ".join(f"{name} {p:.7f}" for name, p in step.output.items())
        rows.append([str(step.step), step.token, *place, *cells, output])
    print_table([*columns, *names, "output"], rows)


def _write_csv(steps: list[TraceStep]) -> None:
    writer = csv_module.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("step", "token", "layer", "direction", "quantity", "unit", "value"))
    for step in steps:
        place = (step.step, step.token, step.layer, step.direction)
        for name, values in step.values.items():
            writer.writerows((*place, name, unit, value) for unit, value in enumerate(values))
        writer.writerows((*place, "output", name, p) for name, p in step.output.items())
