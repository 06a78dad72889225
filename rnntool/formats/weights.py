"""A run's weights as NumPy arrays: what an answer reads that must not wait for torch."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rnntool.formats.tensor_file import Rows, TensorFile


def read_shapes(path: Path) -> dict[str, list[int]]:
    """Shape of each tensor of a safetensors file by name; only its header is read.

    Raises:
        UserError: it is missing or damaged.
    """
    return {name: list(entry.shape) for name, entry in TensorFile(path).entries.items()}


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file by name.

    Raises:
        UserError: it is missing or damaged, or a value is not finite.
    """
    file = TensorFile(path)
    return {name: file.read(name) for name in file.entries}


def open_weights(path: Path, by_row: Collection[str]) -> dict[str, NDArray[Any] | Rows]:
    """As `read_weights`, but of some matrices rows are read once they are asked for.

    Args:
        by_row: names of those matrices.

    Raises:
        UserError: as `read_weights`; of those matrices, it is raised when a row is read.
    """
    file = TensorFile(path)
    return {
        name: Rows(file, name) if name in by_row and len(entry.shape) == 2 else file.read(name)
        for name, entry in file.entries.items()
    }
