"""What every tokenizer is, and how its tokens are written."""

from __future__ import annotations

from typing import Protocol

SPACE = "▁"  # how a space inside a token is written


class Tokenizer(Protocol):
    """Splits a text."""

    identity: str

    def tokenize(self, text: str) -> list[str]:
        """The tokens, none of which is empty or holds white space that a file's form needs."""

    def characters(self, text: str) -> list[str]:
        """A token a character, for a text that the analyzer cannot split."""
