"""A run's weights as NumPy arrays, for answers that need no torch.

The matrices of a compressed run are int8 in the file (formats/int8.py); they are returned as
float32, with the shapes of the model.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.int8 import SAME, SCALE, ScaledRows, check_scales, restore
from rnntool.formats.tensor_file import Rows, TensorFile

Tensors = dict[str, NDArray[Any] | Rows | ScaledRows]


def read_shapes(path: Path) -> dict[str, list[int]]:
    """Shape of each tensor in a weights file, by name; little more than its header is read.

    Raises:
        UserError: it is missing or damaged.
    """
    file = TensorFile(path)
    places = _places(file)
    return {name: list(file.shape(place)) for name, place in places.items()}


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors in a weights file, by name.

    Raises:
        UserError: it is missing or damaged, or a value is not finite.
    """
    file = TensorFile(path)
    places = _places(file)
    read = {place: _read(file, place) for place in set(places.values())}
    return {name: read[place] for name, place in places.items()}


def open_weights(path: Path, by_row: Collection[str]) -> Tensors:
    """Like `read_weights`, but rows of some matrices are read only when they are needed.

    Args:
        by_row: names of those matrices.

    Raises:
        UserError: as `read_weights`; for those matrices, raised when a row is read.
    """
    file = TensorFile(path)
    found: Tensors = {}
    for name, place in _places(file).items():
        if name in by_row and len(file.shape(place)) == 2:
            rows, scales = Rows(file, place), _scales(file, place)
            found[name] = rows if scales is None else ScaledRows(rows, scales)
        else:
            found[name] = _read(file, place)
    return found


def _read(file: TensorFile, place: str) -> NDArray[Any]:
    """A whole tensor, in floating point if it is an int8 matrix."""
    values, scales = file.read(place), _scales(file, place)
    return values if scales is None else restore(values, scales)


def _places(file: TensorFile) -> dict[str, str]:
    """For each tensor of the model, the name under which the file stores its numbers."""
    places: dict[str, str] = {}
    for name in file.entries:
        if name.endswith(SAME):
            own, other = name.removesuffix(SAME), _name_in(file, name)
            if own in file or other not in file or other.endswith((SAME, SCALE)):
                raise _damaged(file, f"{name} speaks of {other[:60]!r}")
            places[own] = other
        elif name.endswith(SCALE):
            own = name.removesuffix(SCALE)
            if own not in file or file.dtype(own) != np.int8:
                raise _damaged(file, f"{name} belongs to no int8 matrix")
        else:
            places[name] = name
    return places


def _name_in(file: TensorFile, name: str) -> str:
    try:
        return bytes(file.read(name).astype(np.uint8)).decode("utf-8")
    except UnicodeDecodeError:
        raise _damaged(file, f"{name} is no name") from None


def _scales(file: TensorFile, name: str) -> NDArray[Any] | None:
    """The scales [R] of an int8 matrix; None if it is in floating point."""
    if file.dtype(name) != np.int8:
        return None
    if name + SCALE not in file:
        raise _damaged(file, f"{name} is int8 and has no scales")
    try:
        return check_scales(name, file.shape(name), file.read(name + SCALE))
    except ValueError as error:
        raise _damaged(file, str(error)) from None


def _damaged(file: TensorFile, reason: str) -> UserError:
    return UserError(f"damaged weights: {reason}", where=file.path)
