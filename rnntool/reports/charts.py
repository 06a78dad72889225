"""The charts of a report: learning curves, calibration, forecasts, gradients back through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnntool.inspection.curves import FIGURES, LOSS_UNITS
from rnntool.inspection.gradient_flow import Flow
from rnntool.reports.svg import Axis, Line, axis_of, line_chart
from rnntool.runs.metrics import Bin

_POINTS = 400  # maximum number of points drawn of a series


@dataclass(frozen=True)
class Chart:
    """A picture on a page."""

    title: str
    svg: str
    legend: list[Line] = field(default_factory=list)
    note: str = ""


def learning_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]], task: str) -> list[Chart]:
    """Training loss (dashed), validation loss and the deciding figure, one colour per run."""
    losses, figures = [], []
    name = next((n for n in FIGURES if any(n in epochs[0] for epochs in curves.values())), None)
    for colour, (run, epochs) in enumerate(curves.items()):
        x = [float(epoch["epoch"]) for epoch in epochs]
        losses.append(Line(f"{run}, training", x, _values(epochs, "train_loss"), colour, True))
        if "validation_loss" in epochs[0]:
            losses.append(Line(f"{run}, validation", x, _values(epochs, "validation_loss"), colour))
        if name is not None and name in epochs[0]:
            figures.append(Line(run, x, _values(epochs, name), colour))
    unit = LOSS_UNITS.get(task, "nats")
    charts = [_over_epochs("Loss by epoch", f"loss ({unit})", losses)]
    if name is not None:
        charts.append(_over_epochs("Validation by epoch", FIGURES[name], figures))
    return charts


def _values(epochs: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(epoch.get(name, float("nan"))) for epoch in epochs]


def _over_epochs(title: str, label: str, lines: list[Line]) -> Chart:
    x = axis_of("epoch", [v for line in lines for v in line.x], whole=True)
    y = axis_of(label, [v for line in lines for v in line.y])
    return Chart(title, line_chart(lines, x, y, title), lines)


def reliability(run: str, bins: Sequence[Bin], error: float) -> Chart:
    """The share of right answers at each confidence."""
    own = [b for b in bins if b.answers]
    line = Line("share that is right", [b.confidence for b in own], [b.right for b in own])
    x, y = Axis("confidence of the answer", 0.0, 1.0), Axis("share that is right", 0.0, 1.0)
    counts = ", ".join(f"{b.answers:,} near {b.confidence:.2f}" for b in own)
    title = f"Reliability of {run}"
    return Chart(
        "Reliability", line_chart([line], x, y, title, diagonal=True), [],
        f"On the dotted line the answers are as sure as they are right. Calibration error"
        f" {error:.4f}. Answers by confidence: {counts}.",
    )  # fmt: skip


def forecast_chart(
    dates: Sequence[str], truth: Sequence[float], forecast: Sequence[float], target: str
) -> Chart:
    """True values and one-step forecasts; for a long series only its end."""
    dates, truth, forecast = dates[-_POINTS:], truth[-_POINTS:], forecast[-_POINTS:]
    x = [float(n) for n in range(len(truth))]
    lines = [Line("what came", x, truth, 0), Line("forecast", x, forecast, 1, True)]
    across = Axis("", 0.0, max(1.0, len(x) - 1.0), names=list(dates))
    y = axis_of(target, [*truth, *forecast])
    title = f"{target}, one step ahead"
    note = f"The last {len(x):,} rows." if len(x) == _POINTS else ""
    return Chart(title, line_chart(lines, across, y, title), lines, note)


def gradients(flows: Mapping[str, Flow], texts: int) -> Chart:
    """The norm of the gradient by steps back, one line per run, layer and direction."""
    lines: list[Line] = []
    for run, flow in flows.items():
        for layer in flow.layers:
            alone = len(flows) == 1
            place = f"layer {layer.layer} {layer.direction}"
            name = place if alone else f"{run}, {place}"
            steps = [float(n) for n in range(len(layer.gradient))]
            colour = len(lines)
            lines.append(Line(name, steps, layer.gradient, colour, colour >= 7))
    x = axis_of("steps back in time", [v for line in lines for v in line.x], whole=True)
    y = axis_of("norm of ∂L/∂h", [v for line in lines for v in line.y], log=True)
    title = "Norm of the gradient by steps back"
    return Chart(
        title, line_chart(lines, x, y, title), lines,
        f"Mean over {texts} texts, by steps back from where each direction's reading ends.",
    )  # fmt: skip
