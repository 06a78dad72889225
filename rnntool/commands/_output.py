"""Where a report goes: standard output, or with `-o` a file that appears when it is whole."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

Output = Annotated[str, typer.Option("-o", "--output", help="File to write; - is standard output.")]


@contextlib.contextmanager
def standard_output_to(path: str) -> Iterator[None]:
    """Let what is printed go to `path`.

    A command that has printed all and then ends with an exit code of its own (`doctor`) has made a
    whole report: it is kept.
    """
    from rnntool.formats.writing import write_text

    ended: typer.Exit | None = None
    with write_text(path) as sink, contextlib.redirect_stdout(sink):
        try:
            yield
        except typer.Exit as error:
            ended = error
    if ended is not None:
        raise ended


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns on standard output; numbers to the right."""
    from rnntool.tables import draw_table

    draw_table(sys.stdout, columns, rows)
