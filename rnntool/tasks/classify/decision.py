"""From a text's probabilities to its label, or to several labels.

Shapes: C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, Run
from rnntool.registry import SEPARATOR

DEFAULT_THRESHOLD = 0.5  # for each label separately, if a text may have several


class Decision(NamedTuple):
    """The labels predicted for a text."""

    labels: list[str]  # one, or any number if a text may have several
    probabilities: list[float]  # of these labels


def decide(
    labels: Sequence[str],
    probabilities: Sequence[float],
    threshold: float | None = None,
    otherwise: str | None = None,
) -> Decision:
    """The likeliest label.

    Args:
        labels: C names.
        probabilities: [C], which sum to 1.
        threshold: a less likely label is not predicted.
        otherwise: the text given instead, with the probability of the label.
    """
    best = max(range(len(labels)), key=probabilities.__getitem__)
    label, p = labels[best], probabilities[best]
    if threshold is not None and p < threshold:
        label = otherwise or ""
    return Decision([label], [p])


def decide_each(
    labels: Sequence[str],
    probabilities: Sequence[float],
    threshold: float | None = None,
    otherwise: str | None = None,
) -> Decision:
    """Every label above the threshold, likeliest first; if there is none, `otherwise`.

    Args:
        labels: C names.
        probabilities: [C], independent of each other.
        threshold: minimum probability of a label; None: 0.5.
        otherwise: the text given if there is no label; None: nothing.
    """
    least = DEFAULT_THRESHOLD if threshold is None else threshold
    found = [n for n in ranked(probabilities) if probabilities[n] >= least]
    if not found and otherwise is not None:
        return Decision([otherwise], [max(probabilities)])
    return Decision([labels[n] for n in found], [probabilities[n] for n in found])


def ranked(probabilities: Sequence[float]) -> list[int]:
    """Numbers of the labels, the likeliest first, ties in their order."""
    return sorted(range(len(probabilities)), key=lambda n: -probabilities[n])


def has_several(run: Run) -> bool:
    """Whether texts may have several labels, by a run's settings.

    Raises:
        UserError: they are damaged.
    """
    found = run.config.settings.get("multi_label", False)
    if not isinstance(found, bool):
        raise UserError(f"damaged: multi_label is {found!r}", where=run.path / CONFIG)
    return found


def separator_of(run: Run) -> str | None:
    """What parts the labels of a text in the tables of a run; None where a text has one."""
    if not has_several(run):
        return None
    return str(run.config.settings.get("label_separator") or SEPARATOR)
