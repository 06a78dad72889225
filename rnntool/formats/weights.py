"""A run's weights as NumPy arrays: what an answer reads that must not wait for torch.

They may be those of a compressed run, matrices in int8 (formats/int8.py): what reads them here sees
float32, and the shapes of the model.
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
    """Shape of each tensor of a weights file by name; next to nothing but its header is read.

    Raises:
        UserError: it is missing or damaged.
    """
    file = TensorFile(path)
    places = _places(file)
    return {name: list(file.shape(place)) for name, place in places.items()}


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a weights file by name.

    Raises:
        UserError: it is missing or damaged, or a value is not finite.
    """
    file = TensorFile(path)
    read: dict[str, NDArray[Any]] = {}
    for place in set(_places(file).values()):
        values = file.read(place)
        scales = _scales(file, place)
        read[place] = values if scales is None else restore(values, scales)
    return {name: read[place] for name, place in _places(file).items()}


def open_weights(path: Path, by_row: Collection[str]) -> Tensors:
    """As `read_weights`, but of some matrices rows are read once they are asked for.

    Args:
        by_row: names of those matrices.

    Raises:
        UserError: as `read_weights`; of those matrices, it is raised when a row is read.
    """
    file = TensorFile(path)
    found: Tensors = {}
    for name, place in _places(file).items():
        scales = _scales(file, place)
        if name in by_row and len(file.shape(place)) == 2:
            rows = Rows(file, place)
            found[name] = rows if scales is None else ScaledRows(rows, scales)
        else:
            values = file.read(place)
            found[name] = values if scales is None else restore(values, scales)
    return found


def _places(file: TensorFile) -> dict[str, str]:
    """Each tensor of the model, and under which name the file holds its numbers."""
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
    """The scales [R] of a matrix in int8; None where it is in floating point."""
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
