"""Learning curves: the loss, and the figure that decides which epoch is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.inspection.pictures import finish, start

# The unit of a task's loss; for other tasks it is nats.
LOSS_UNITS = {"forecast": "scaled units of --loss"}
# The first of these figures that a task has is drawn beside the loss.
FIGURES = {
    "validation_f1": "F1 of entities",
    "validation_accuracy": "accuracy",
    "validation_rmse": "RMSE, in the units of the series",
    "validation_perplexity": "perplexity",
    "validation_forward_perplexity": "perplexity of the forward model",
}

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]], task: str, path: str) -> None:
    """Draw the loss in training (dashed) and validation, and the figure, one colour per run."""
    figure_name = next((name for name in FIGURES if _has(curves, name)), None)
    figure, axes = start(path, columns=1 if figure_name is None else 2)
    for n, (name, epochs) in enumerate(curves.items()):
        x = [epoch["epoch"] for epoch in epochs]
        marker = _MARKERS[
            n % len(_MARKERS)
        ]  # besides the colour, since there are only seven colours
        (line,) = axes[0].plot(
            x, [e["train_loss"] for e in epochs], "--", marker=marker, markersize=4, alpha=0.6,
            label=legible(f"{name}, training"),
        )  # fmt: skip
        style = {"color": line.get_color(), "linestyle": "-", "marker": marker, "markersize": 4}
        if "validation_loss" in epochs[0]:
            axes[0].plot(x, [e["validation_loss"] for e in epochs],
                         label=legible(f"{name}, validation"), **style)  # fmt: skip
        if figure_name is not None and figure_name in epochs[0]:
            axes[1].plot(x, [e[figure_name] for e in epochs], **style)
    titled = f": {next(iter(curves))}" if len(curves) == 1 else ""
    axes[0].set_title(legible(f"Loss by epoch{titled}"))
    axes[0].set_ylabel(f"loss ({LOSS_UNITS.get(task, 'nats')})")
    if figure_name is not None:
        axes[1].set_title("Validation by epoch")
        axes[1].set_ylabel(FIGURES[figure_name])
    _count_epochs(axes, max(epochs[-1]["epoch"] for epochs in curves.values()))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    finish(figure, path)


def _count_epochs(axes: Sequence[Any], last: int) -> None:
    """Put whole epochs at the horizontal axis."""
    from matplotlib.ticker import MaxNLocator

    for own in axes:
        own.set_xlabel("epoch")
        own.set_xlim(1 - 0.03 * last - 0.1, last + 0.03 * last + 0.1)
        own.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        own.grid(alpha=0.3)


def _has(curves: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> bool:
    return any(name in epochs[0] for epochs in curves.values())
