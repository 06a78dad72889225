"""Where a run comes from: its inputs' sha256 and the versions it was trained with."""

from __future__ import annotations

import os
import platform

import numpy as np

from rnntool import __version__
from rnntool.formats.reading import STREAM, sha256_of
from rnntool.formats.text_folder import sha256_of_folder


def noted_inputs(paths: dict[str, str | None]) -> dict[str, object]:
    """Each input's path and sha256, for the run's configuration; None are left out."""
    return {
        name: {"path": file, "sha256": _sha256_of(file)}
        for name, file in paths.items()
        if file is not None
    }


def _sha256_of(path: str) -> str | None:
    if path == STREAM:
        return None
    return sha256_of_folder(path) if os.path.isdir(path) else sha256_of(path)


def library_versions() -> dict[str, str]:
    """What the training ran with."""
    return {
        "rnntool": __version__,
        "python": platform.python_version(),
        "torch": _torch_version(),
        "numpy": np.__version__,
    }


def _torch_version() -> str:
    import torch  # here, since who only notes inputs must not wait for it

    return str(torch.__version__)
