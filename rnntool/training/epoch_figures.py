"""The figures of an epoch: sums over its steps, and the entry for metrics.jsonl."""

from __future__ import annotations

from typing import Any

from rnntool.training.task import StepResult

Totals = dict[str, float]


def count_step(
    totals: Totals, result: StepResult, loss: float, norm: float, clipped: bool, seconds: float
) -> None:
    """Add a step to the epoch's sums.

    Args:
        loss: mean over the step's examples, in nats.
        norm: norm of the gradient, before clipping.
    """
    for key, value in (
        ("count", result.count),
        ("loss", loss * result.count),
        ("steps", 1),
        ("norm", norm),
        ("clipped", clipped),
        ("seconds", seconds),
    ):
        totals[key] = totals.get(key, 0.0) + value
    if result.correct is not None:
        totals["correct"] = totals.get("correct", 0.0) + result.correct


def running(totals: Totals) -> dict[str, str]:
    """The means so far, for a progress display."""
    shown = {"loss": f"{totals['loss'] / totals['count']:.4f}"}
    if "correct" in totals:
        shown["accuracy"] = f"{totals['correct'] / totals['count']:.4f}"
    return shown


def epoch_entry(
    epoch: int, totals: Totals, metrics: dict[str, float], rate: float
) -> dict[str, Any]:
    """The epoch as a line of metrics.jsonl.

    Args:
        metrics: metrics of the task on validation data.
        rate: the learning rate at the end of the epoch.
    """
    count, steps = totals["count"], totals["steps"]
    right = {"train_accuracy": totals["correct"] / count} if "correct" in totals else {}
    return {
        "epoch": epoch,
        "train_loss": totals["loss"] / count,
        **right,
        **{f"validation_{name}": value for name, value in metrics.items()},
        "learning_rate": rate,
        "gradient_norm": totals["norm"] / steps,
        "clipped_share": totals["clipped"] / steps,
        "examples_per_second": count / totals["seconds"],
        "seconds": totals["seconds"],
    }


def summary(entry: dict[str, Any]) -> str:
    """An epoch in one line of a terminal."""

    def figures(prefix: str) -> str:
        names = [key for key in entry if key.startswith(prefix)]
        return ", ".join(f"{key.removeprefix(prefix)} {entry[key]:.4f}" for key in names)

    parts = [f"epoch {entry['epoch']}: {figures('train_')}"]
    if any(key.startswith("validation_") for key in entry):
        parts.append(f"validation {figures('validation_')}")
    return "; ".join([*parts, f"{entry['examples_per_second']:,.0f}/s"])
