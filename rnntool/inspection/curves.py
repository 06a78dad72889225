"""Learning curves: loss, and the figure that decides, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.inspection.pictures import finish, start

# What the loss of a task is measured in; the others' is a log-likelihood.
_UNITS = {"forecast": "scaled units of --loss"}
# The figure that is drawn beside the loss, the first of these that a task has.
_FIGURES = {
    "validation_f1": "F1 of entities",
    "validation_accuracy": "accuracy",
    "validation_rmse": "RMSE, in the series' own units",
    "validation_perplexity": "perplexity",
    "validation_forward_perplexity": "perplexity of the forward model",
}


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]], task: str, path: str) -> None:
    """Loss of training (dashed) and validation, and the deciding figure, a colour for each run."""
    figure_name = next((name for name in _FIGURES if _has(curves, name)), None)
    figure, axes = start(path, columns=1 if figure_name is None else 2)
    for name, epochs in curves.items():
        x = [epoch["epoch"] for epoch in epochs]
        (line,) = axes[0].plot(x, [e["train_loss"] for e in epochs], "--", alpha=0.7,
                               label=legible(f"{name}, training"))  # fmt: skip
        if "validation_loss" in epochs[0]:
            axes[0].plot(x, [e["validation_loss"] for e in epochs], marker=".",
                         color=line.get_color(), label=legible(f"{name}, validation"))  # fmt: skip
        if figure_name is not None and figure_name in epochs[0]:
            axes[1].plot(x, [e[figure_name] for e in epochs], marker=".", color=line.get_color(),
                         label=legible(name))  # fmt: skip
    axes[0].set_title("Loss by epoch")
    axes[0].set_ylabel(f"loss ({_UNITS.get(task, 'nats')})")
    if figure_name is not None:
        axes[1].set_title("Validation by epoch")
        axes[1].set_ylabel(_FIGURES[figure_name])
    for own in axes:
        own.set_xlabel("epoch")
        own.xaxis.get_major_locator().set_params(integer=True)
        own.grid(alpha=0.3)
        own.legend(loc="upper left", bbox_to_anchor=(0, -0.18), fontsize=8)
    finish(figure, path)


def _has(curves: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> bool:
    return any(name in epochs[0] for epochs in curves.values())
