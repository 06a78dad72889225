"""Validation data: a share of the training rows, or a separate file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rnntool.data.split import split_off
from rnntool.errors import UserError

T = TypeVar("T")


def validation_share(validation: str) -> float | None:
    """The share in `--validation`, or None if it names a file; 0: no validation data.

    Raises:
        UserError: it is a number outside [0, 1).
    """
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 <= share < 1:
        raise UserError(f"--validation is {validation}", hint="give a share of at least 0, below 1")
    return share


def hold_back(
    path: str, validation: str, seed: int, read: Callable[[str], list[T]]
) -> tuple[list[T], list[T]]:
    """The training examples and the validation examples, each in file order.

    Args:
        validation: a random share of the file, or a separate file; 0: none.
        read: reads the examples of a file.

    Raises:
        UserError: a file cannot be used, or it has too few examples.
    """
    share = validation_share(validation)
    examples = read(path)
    if share is None:
        return examples, read(validation)
    if share == 0:
        return examples, []
    if len(examples) < 2:
        raise UserError("has only one example, so none is left for validation", where=path,
                        hint="or give --validation FILE")  # fmt: skip
    rows, held = split_off(len(examples), share, seed)
    return [examples[row] for row in rows], [examples[row] for row in held]
