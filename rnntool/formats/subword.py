"""Subword model files."""

from __future__ import annotations

from rnntool.errors import UserError
from rnntool.formats.reading import open_binary


def read_subword(path: str) -> bytes:
    """The bytes of a subword model's file, after a check of its format.

    Raises:
        UserError: it cannot be read, or is not a subword model.
    """
    from rnntool.text.subword import load_subword

    with open_binary(path) as source:
        content = source.read()
    try:
        load_subword(content)
    except UserError as error:
        raise UserError(error.what, where=path, hint=error.hint) from None
    return content
