"""The tables of `trace`: the answer after each token, the gates, single units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnntool.inspection.gradient_flow import SATURATED
from rnntool.inspection.running import Answer
from rnntool.inspection.trace import GATES, Trace, TraceStep
from rnntool.inspection.unit_names import UnitName
from rnntool.tables import shortened, shown_token

CLOSED, OPEN = 0.1, 0.9  # a gate is closed below, and open above


class Table(NamedTuple):
    """A table with a title."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


def answer_table(trace: Trace) -> Table:
    """The model's answer after each token, one row each."""
    name = shortened(trace.name, 24)
    if trace.task == "lm":
        return _next_table(trace, name)
    digits = 4 if trace.task else 7  # more digits for a network computed by hand
    rows = [[a.step, shown_token(a.token, 12), _output(a, digits)] for a in trace.answers]
    told = "answer if the text ended here" if trace.task else "output"
    return Table(f"{name}: the answer after each token", ["step", "token", told], rows)


def _next_table(trace: Trace, name: str) -> Table:
    """For each token its surprise, given the tokens before it, and the likeliest next tokens."""
    known = [a.surprise for a in trace.answers if a.surprise is not None]
    surprises = ["", *(f"{value:8.3f}" for value in known)]
    rows = [
        [a.step, shown_token(a.token, 12), surprise, _output(a, 4)]
        for a, surprise in zip(trace.answers, surprises, strict=True)
    ]
    title = f"{name}: what the model expects next"
    if known:
        title += f"; mean surprise {sum(known) / len(known):.3f} nats"
    return Table(title, ["step", "token", "surprise", "likeliest next"], rows)


def _output(answer: Answer, digits: int) -> str:
    return "  ".join(f"{shown_token(name, 8)} {p:.{digits}f}" for name, p in answer.output.items())


def gate_tables(trace: Trace) -> list[Table]:
    """For each layer and direction, the shares of closed and open gates and the states' norms."""
    return [_gate_table(trace, layer, direction) for layer, direction in trace.places]


def _gate_table(trace: Trace, layer: int, direction: str) -> Table:
    steps = trace.of(layer, direction)
    gates = [name for name in GATES if name in steps[0].values]
    states = [name for name in ("c", "h") if name in steps[0].values]
    title = f"Layer {layer} {direction}: "
    if gates:
        title += f"share of units whose gate is closed (< {CLOSED}) / open (> {OPEN})"
        columns = [f"{name} closed/open" for name in gates]
    else:
        flat, rule = _flat_of(trace.cell.name)
        title += f"share of units that are {flat} ({rule})"
        columns = [flat]
    rows = [
        [step.step, shown_token(step.token, 12),
         *(_shares(step.values[name]) for name in gates),
         *([] if gates else [_share(_is_flat(step, trace.cell.name))]),
         *(float(np.linalg.norm(step.values[name])) for name in states)]
        for step in steps
    ]  # fmt: skip
    norms = [f"‖{name}‖" for name in states]
    return Table(title, ["step", "token", *columns, *norms], rows)


def _shares(gate: Any) -> str:
    return f"{_share(gate < CLOSED)} /{_share(gate > OPEN)}"


def _share(which: Any) -> str:
    return f"{float(np.mean(which)):4.0%}"


def _flat_of(cell: str) -> tuple[str, str]:
    """For a cell without gates: the name of units that block the gradient, and their rule."""
    return ("off", "h = 0") if cell == "rnn-relu" else ("saturated", f"|h| > {SATURATED}")


def _is_flat(step: TraceStep, cell: str) -> Any:
    h = step.values["h"]
    return h == 0 if cell == "rnn-relu" else np.abs(h) > SATURATED


def unit_tables(trace: Trace, units: Sequence[UnitName]) -> list[Table]:
    """The gates and states of each chosen unit after each token."""
    tables = []
    for unit in units:
        columns = [trace.values_of(name, unit.layer)[:, unit.unit] for name in trace.quantities]
        rows = [
            [answer.step, shown_token(answer.token, 12), *(float(c[t]) for c in columns)]
            for t, answer in enumerate(trace.answers)
        ]
        tables.append(Table(f"Unit {unit}", ["step", "token", *trace.quantities], rows))
    return tables


def every_unit_tables(trace: Trace) -> list[Table]:
    """For each layer and direction, the values of every unit."""
    tables = []
    for layer, direction in trace.places:
        steps = trace.of(layer, direction)
        rows = [
            [step.step, shown_token(step.token, 12),
             *(" ".join(f"{v:.4f}" for v in value) for value in step.values.values())]
            for step in steps
        ]  # fmt: skip
        columns = ["step", "token", *steps[0].values]
        tables.append(Table(f"Layer {layer} {direction}: every unit", columns, rows))
    return tables
