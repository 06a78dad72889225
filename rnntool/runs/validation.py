"""The validation part: a share split off the training rows, or a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rnntool.data.split import split_off
from rnntool.errors import UserError

T = TypeVar("T")


def validation_share(validation: str) -> float | None:
    """The share that `--validation` gives, or None where it names a file; 0: train on all.

    Raises:
        UserError: it is a number that is no share.
    """
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 <= share < 1:
        raise UserError(f"--validation is {validation}", hint="give a share from 0 to below 1")
    return share


def hold_back(
    path: str, validation: str, seed: int, read: Callable[[str], list[T]]
) -> tuple[list[T], list[T]]:
    """What is trained on and what is validated on, each in file order.

    Args:
        validation: a share of the file, split off at random, or a file of its own; 0: nothing.
        read: gives a file's examples.

    Raises:
        UserError: a file cannot be used, or there is nothing to hold back.
    """
    share = validation_share(validation)
    examples = read(path)
    if share is None:
        return examples, read(validation)
    if share == 0:
        return examples, []
    if len(examples) < 2:
        raise UserError("has one example only: one more is needed to validate on", where=path,
                        hint="or give --validation FILE")  # fmt: skip
    rows, held = split_off(len(examples), share, seed)
    return [examples[row] for row in rows], [examples[row] for row in held]
