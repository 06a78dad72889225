"""From a text's probabilities to its label, or to its labels where it may have several.

Shapes: C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, Run
from rnntool.registry import SEPARATOR

DEFAULT_THRESHOLD = 0.5  # of each label by itself, where a text may have several


class Decision(NamedTuple):
    """What a text is said to be."""

    labels: list[str]  # one; of a text that may have several, any number
    probabilities: list[float]  # theirs


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
        threshold: a label less likely than this is not given.
        otherwise: what is given in its place, with the probability that the label has.
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
    """Every label that is likely enough, the likeliest first; where none is, `otherwise`.

    Args:
        labels: C names.
        probabilities: [C], each by itself.
        threshold: from which on a label is given; None: 0.5.
        otherwise: what is given where no label is; None: nothing.
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
