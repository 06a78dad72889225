"""Print a report to standard output, or with `-o` to a file that appears when it is complete."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

Output = Annotated[str, typer.Option("-o", "--output", help="File to write; - is standard output.")]


@contextlib.contextmanager
def standard_output_to(path: str) -> Iterator[None]:
    """Print to the file `path` instead of standard output.

    A command that prints its report and then sets an exit code (`doctor`) has finished the report,
    so the file is kept.
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
    """Print rows under their columns on standard output, numbers aligned to the right."""
    from rnntool.tables import draw_table

    draw_table(sys.stdout, columns, rows)
