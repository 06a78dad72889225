"""Where a run comes from: the sha256 of its inputs, and the versions of the libraries."""

from __future__ import annotations

import os
import platform

import numpy as np

from rnntool import __version__
from rnntool.formats.compression import is_url
from rnntool.formats.reading import STREAM, sha256_of
from rnntool.formats.run_names import locate
from rnntool.formats.text_folder import sha256_of_folder


def noted_inputs(paths: dict[str, str | None]) -> dict[str, object]:
    """Path and sha256 of each input, for the run's configuration; without those that are None."""
    return {
        name: {"path": file, "sha256": _sha256_of(file)}
        for name, file in paths.items()
        if file is not None
    }


def _sha256_of(path: str) -> str | None:
    if path == STREAM:
        return None
    place = path if is_url(path) else str(locate(path))
    return sha256_of_folder(place) if os.path.isdir(place) else sha256_of(place)


def library_versions() -> dict[str, str]:
    """The versions that the training ran with."""
    return {
        "rnntool": __version__,
        "python": platform.python_version(),
        "torch": _torch_version(),
        "numpy": np.__version__,
    }


def _torch_version() -> str:
    import torch  # imported here, because it is slow

    return str(torch.__version__)
