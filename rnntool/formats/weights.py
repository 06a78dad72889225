"""A run's weights as NumPy arrays: what an answer reads that must not wait for torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError


def read_shapes(path: Path) -> dict[str, list[int]]:
    """Shape of each tensor of a safetensors file by name; only its header is read.

    Raises:
        UserError: it is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as tensors:
            return {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged weights: {error}", where=path) from None


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file by name.

    Raises:
        UserError: it is missing or damaged, or a value is not finite.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: dict[str, NDArray[Any]] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged weights: {error}", where=path) from None
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise UserError(f"damaged weights: {name} holds a value that is not finite", where=path)
    return tensors
