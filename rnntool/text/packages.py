"""Packages that are imported only where a tokenizer of theirs is made."""

from __future__ import annotations

import importlib
from typing import Any

from rnntool.errors import UserError


def import_package(module: str, package: str) -> Any:
    """A module of a package.

    Raises:
        UserError: it cannot be imported; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"package {package} cannot be imported: {error}", hint=f"pip install {package}"
        ) from None
