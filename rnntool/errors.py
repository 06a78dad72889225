"""UserError: the exception whose message is shown to the user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that the user can fix: what is wrong, where, and what to do about it.

    The command ends with exit code 1 and prints one line on standard error:
    `rnntool: error: WHERE: WHAT; HINT`.
    """

    def __init__(self, what: str, *, where: object | None = None, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        self.hint = hint

    def __str__(self) -> str:
        """One line, whatever the parts hold: a file name may contain a line feed."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.hint:
            text = f"{text}; {self.hint}"
        return " ".join(text.split("\n"))


def nearest(name: str, names: Iterable[str], count: int = 1) -> list[str]:
    """The names most similar to `name`, for a "did you mean" in an error message."""
    return difflib.get_close_matches(name, list(names), n=count, cutoff=0.6)


def one_of(name: str, names: Iterable[str]) -> str:
    """`did you mean X?` when a name is similar, otherwise the list of names."""
    known = list(names)
    close = nearest(name, known)
    return (
        f"did you mean {close[0]!r}?" if close else f"expected one of: {', '.join(known) or 'none'}"
    )
