"""`rnntool inspect-grad`."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.inspection.settings import InspectSettings
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.inspection.gradient_flow import Flow, LayerFlow

app = new_app("Show how gradients flow back through time, and why they vanish or explode.")

_ROWS = 24  # distances that the terminal shows
_WIDTH = 24  # characters of its longest bar


@command(app, "inspect-grad", InspectSettings, prints=True)
def inspect_grad(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] [INPUT]", help="Run directory (without --cell), and a file of texts."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Check our NumPy gradients against autograd and finite differences."
        ),
    ] = False,
    graph: Annotated[
        bool, typer.Option("--graph", help="Show the graph of one step and its local derivatives.")
    ] = False,
    plot: Annotated[
        str | None, typer.Option("--plot", help="Write a picture: FILE.png, .svg or .pdf.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print the norms of each step as CSV.")
    ] = False,
    *,
    settings: InspectSettings,
    report: Reporter,
) -> None:
    """Show how the loss's gradient flows back through time: norms, Jacobians and a verdict.

    Example: rnntool inspect-grad --compare rnn,lstm,gru --length 60 --text 'the cat sat'
    """
    one_blas_thread()
    from rnntool.inspection.gradient_flow import as_dict
    from rnntool.inspection.inspect import inspect

    if graph:
        _graph(settings, plot)
        return
    if check:
        _check(paths or [], settings, report)
        return
    flows = inspect(paths or [], settings, report)
    if plot is not None:
        from rnntool.inspection.flow_figure import draw_flows
        from rnntool.inspection.fonts import warn_of_missing_font

        draw_flows(flows, plot)
        warn_of_missing_font(report)
        report.note(f"wrote {plot}")
    if json:
        for flow in flows:
            record = as_dict(flow, settings.clip_norm)
            sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
    elif csv:
        _write_csv(flows)
    elif settings.over_training:
        _show_epochs(flows)
    else:
        _show(flows, settings.clip_norm)


def _show_epochs(flows: list[Flow]) -> None:
    """How the half-life changes from epoch to epoch, one row for each layer."""
    from rnntool.commands._output import print_table
    from rnntool.inspection.gradient_flow import verdict

    rows = []
    for flow in flows:
        for layer in flow.layers:
            found = verdict(layer.gradient)
            half = "" if found.half_life is None else f"{found.half_life:.1f}"
            place = f"{layer.layer} {layer.direction}"
            rows.append((flow.name, place, flow.loss, half, layer.spectral_radius, found.text))
    print_table(("", "layer", "loss", "half-life, steps", "spectral radius", "verdict"), rows)


def _graph(settings: InspectSettings, plot: str | None) -> None:
    from rnntool.commands._output import print_table
    from rnntool.inspection.graph import as_rows, step_graph
    from rnntool.inspection.inspect import graph_numbers

    cell = settings.cell or "rnn"
    nodes = step_graph(cell, graph_numbers(cell, settings.seed))
    print_table(("node", "made of", "value", "local derivatives", "∂h'/∂node"), as_rows(nodes))
    if plot is not None:
        from rnntool.inspection.figures import draw_graph

        title = f"One step of {cell}: values, local derivatives (orange), and ∂h'/∂node"
        draw_graph(nodes, plot, title)


def _show(flows: list[Flow], clip_norm: float) -> None:
    from rnntool.commands._output import print_table
    from rnntool.inspection.gradient_flow import as_dict, verdict
    from rnntool.tables import shortened, shown_token

    for flow in flows:
        if flow.target is not None:
            sys.stdout.write(f"The target of the loss is {shown_token(flow.target)!r}.\n")
        for layer in flow.layers:
            title = f"{shortened(flow.name, 20)}, layer {layer.layer} {layer.direction}"
            sys.stdout.write(f"{title}: {verdict(layer.gradient).text}\n")
            named = ("token",) if layer.tokens else ()
            print_table(("steps back", *named, "‖∂L/∂h‖", "‖∂h_T/∂h‖", ""), _bars(layer))
    rows = []
    for flow in flows:
        for layer in flow.layers:
            saturated = ", ".join(f"{name} {share:.0%}" for name, share in layer.saturated.items())
            step = max(layer.step_jacobian, default=float("nan"))
            rows.append((f"{shortened(flow.name, 20)} {layer.layer} {layer.direction}",
                         layer.singular_values[0], layer.spectral_radius, step,
                         saturated))  # fmt: skip
    # An LSTM's state is (h, c), and a step's Jacobian 2H × 2H; an RNN's and a GRU's is h alone.
    state = "(h, c)" if any("f" in layer.saturated for f in flows for layer in f.layers) else "h"
    sys.stdout.write(
        f"W_hh: norm, spectral radius ρ, largest norm of a step's Jacobian; state s = {state}\n"
    )
    print_table(("W_hh of", "‖W_hh‖₂", "ρ", "‖∂s/∂s‖₂", "saturated"), rows)
    parameters = []
    for flow in flows:
        values = as_dict(flow, clip_norm)
        scale = values["gradient_norm_clipped"] / (values["gradient_norm"] or 1)
        norms = {
            **flow.parameters,
            "all recurrent layers": flow.recurrent_norm,
            **flow.others,
            "all parameters (what training clips)": flow.norm,
        }
        own = shortened(flow.name, 20)
        parameters += [(own, name, norm, norm * scale) for name, norm in norms.items()]
    print_table(("gradient of", "parameter", "norm", f"clipped to {clip_norm:g}"), parameters)


def _bars(layer: LayerFlow) -> list[tuple[object, ...]]:
    """Evenly spaced distances, each with a bar as long as the logarithm of its norm.

    If the flow is that of one text, a column names the token at each distance.
    """
    from rnntool.tables import shown_token

    norms = layer.gradient
    every = max(1, -(-len(norms) // _ROWS))
    logs = [math.log10(norm) for norm in norms if norm > 0]
    low, high = (min(logs), max(logs)) if logs else (0.0, 0.0)
    low = max(low, high - 12)
    rows: list[tuple[object, ...]] = []
    for distance in range(0, len(norms), every):
        norm = norms[distance]
        share = (math.log10(norm) - low) / (high - low) if norm > 0 and high > low else 0.0
        product = f"{layer.jacobian[distance]:.3g}" if distance < len(layer.jacobian) else ""
        bar = "█" * max(0, round(share * _WIDTH))
        named = (shown_token(layer.tokens[distance]),) if layer.tokens else ()
        rows.append((distance, *named, f"{norm:.3g}", product, bar))
    return rows


def _write_csv(flows: list[Flow]) -> None:
    writer = csv_module.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ("model", "layer", "direction", "steps_back", "token", "gradient", "summand", "jacobian")
    )
    for flow in flows:
        for layer in flow.layers:
            for distance, (norm, part) in enumerate(
                zip(layer.gradient, layer.summand, strict=True)
            ):
                product = layer.jacobian[distance] if distance < len(layer.jacobian) else ""
                token = layer.tokens[distance] if layer.tokens else ""
                place = (flow.name, layer.layer, layer.direction, distance, token)
                writer.writerow((*place, norm, part, product))


def _check(paths: list[str], settings: InspectSettings, report: Reporter) -> None:
    from rnntool.commands._output import print_table
    from rnntool.errors import UserError
    from rnntool.inspection.gradient_check import check_gradients
    from rnntool.inspection.inspect import probes, split_paths
    from rnntool.inspection.texts import read_texts

    run, source = split_paths(paths, settings)
    text = next(read_texts(run, source, settings.text, 1, settings.length))
    worst = 0.0
    for probe in probes(run, text, settings):
        found = check_gradients(probe, settings.entries)
        worst = max(worst, *(max(d.autograd, d.finite) for d in found))
        print_table(
            (f"gradient of {probe.network.name}", "norm", "against autograd",
             "against finite differences"),
            [(d.parameter, d.norm, f"{d.autograd:.2e}", f"{d.finite:.2e}") for d in found],
        )  # fmt: skip
    if not worst <= settings.tolerance:
        raise UserError(
            f"gradients differ by {worst:.2e}, more than --tolerance {settings.tolerance:g}"
        )
    report.note(f"all gradients agree; the largest relative difference is {worst:.2e}")
