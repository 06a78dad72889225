"""The tokenizers' interface, how tokens are written, and how a tokenizer's library is imported."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from rnntool.errors import UserError

SPACE = "▁"  # how a space inside a token is written


class Tokenizer(Protocol):
    """Splits a text."""

    identity: str

    def tokenize(self, text: str) -> list[str]:
        """The tokens; none is empty or contains a space, a tab or a line end."""

    def characters(self, text: str) -> list[str]:
        """One token per character, for a text that the analyzer cannot split."""


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
