"""`rnntool trace`."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.inspection.trace import Trace
    from rnntool.inspection.unit_names import UnitName

app = new_app("Show a network token by token: its answer so far, its gates, its units.")


@command(app, "trace", prints=True)
def trace(
    run: Annotated[str | None, typer.Argument(help="Run directory (without --weights).")] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[INPUT]", help="File; its first text is read.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The text to read.")] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="YAML file with the weights of a small network.")
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="L:N", help="Show one unit's values; can be repeated."),
    ] = None,
    units: Annotated[bool, typer.Option("--units", help="Show every unit's values.")] = False,
    top: Annotated[int, typer.Option("--top", help="Number of likely outputs.", min=1)] = 3,
    plot: Annotated[
        str | None, typer.Option("--plot", help="Heat map of the units: FILE.png, .svg or .pdf.")
    ] = None,
    quantity: Annotated[
        str,
        typer.Option(
            "--quantity", help="Values that --plot draws: h, c, or a gate (i, f, o, r, z)."
        ),
    ] = "h",
    most: Annotated[
        int, typer.Option("--most", help="--plot: number of units, the most active first.", min=1)
    ] = 24,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines with every unit.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV: one row for each value.")] = False,
    *,
    report: Reporter,
) -> None:
    """Show a network token by token: its answer so far, its gates, its units.

    For a classifier, each row shows the answer that it would give if the text ended at that token.
    For a language model, it shows the likeliest next tokens and the surprise of the actual one
    (-log p, in nats). Units are named LAYER:NUMBER, such as 1:0. In a bidirectional layer with H
    units in each direction, numbers from H on are the units that read backward.

    Example: rnntool trace runs/lm --text 'hello' --top 2
    """
    from rnntool.errors import UserError
    from rnntool.inspection.trace import trace_weights
    from rnntool.inspection.unit_names import parse_unit

    if (run is None) == (weights is None):
        raise UserError("give a run directory, or --weights FILE.yaml")
    if weights is not None:
        found = trace_weights(weights, text, top)
    else:
        assert run is not None
        found = _of_run(run, source, text, top, report)
    chosen = [parse_unit(name, found.widths) for name in dict.fromkeys(unit or [])]
    if plot is not None:
        _draw(found, chosen, quantity, most, plot, report)
    if json:
        for record in found.records(chosen):
            sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
    elif csv:
        _write_csv(found, chosen)
    else:
        _show(found, chosen, units or weights is not None)


def _of_run(path: str, source: str | None, text: str | None, top: int, report: Reporter) -> Trace:
    from rnntool.inspection.probe import RunProbes
    from rnntool.inspection.texts import read_texts
    from rnntool.inspection.trace import trace_run
    from rnntool.runs.open import open_run

    run = open_run(path)
    run.note(report)
    prober = RunProbes(run)
    texts = read_texts(run, source or "-", text, 2, 0)
    tokens, _ = next(texts)
    if next(texts, None) is not None:
        report.note("only the first text is traced")
    found = trace_run(prober, tokens, top)
    if found.unknown:
        report.note(f"unknown to the model, read as <unk>: {', '.join(found.unknown)}")
    if run.config.task == "classify" and len(found.tokens) < len(tokens):
        report.note(f"the model reads {len(found.tokens)} of {len(tokens)} tokens (--max-length)")
    return found


def _draw(
    found: Trace, chosen: list[UnitName], quantity: str, most: int, path: str, report: Reporter
) -> None:
    from rnntool.inspection.fonts import warn_of_missing_font
    from rnntool.inspection.heat_map import draw_heat_map, most_active

    shown = chosen or most_active(found, most)
    several = f"{len(shown)} units" if len(shown) > 1 else f"unit {shown[0]}"
    what = several if chosen else f"the {len(shown)} most active of {sum(found.widths):,} units"
    draw_heat_map(found, shown, quantity, path, what)
    warn_of_missing_font(report)
    report.note(f"wrote {path}")


def _show(found: Trace, chosen: list[UnitName], units: bool) -> None:
    from rnntool.commands._output import print_table
    from rnntool.inspection import trace_tables

    tables = [trace_tables.answer_table(found)]
    if chosen:
        tables += trace_tables.unit_tables(found, chosen)
    elif units:
        tables += trace_tables.every_unit_tables(found)
    else:
        tables += trace_tables.gate_tables(found)
    for table in tables:
        sys.stdout.write(f"{table.title}\n")
        print_table(table.columns, table.rows)


def _write_csv(found: Trace, chosen: list[UnitName]) -> None:
    writer = csv_module.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("step", "token", "layer", "direction", "quantity", "unit", "value"))
    for record in found.records(chosen):
        place = [record[name] for name in ("step", "token", "layer", "direction")]
        for name, values in record["values"].items():
            each = values.items() if isinstance(values, dict) else enumerate(values)
            writer.writerows((*place, name, unit, value) for unit, value in each)
        writer.writerows((*place, "output", name, p) for name, p in record["output"].items())
        if record.get("surprise") is not None:
            writer.writerow((*place, "surprise", record["next"], record["surprise"]))
