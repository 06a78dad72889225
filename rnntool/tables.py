"""Tables: with lines on a terminal, as plain aligned text in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO


def draw_table(sink: TextIO, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns, numbers aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1, but a reader may stop early

    terminal = sink.isatty()
    table = Table(box=box.SIMPLE_HEAD if terminal else None)
    for number, column in enumerate(columns):
        right = any(isinstance(row[number], (int, float)) for row in rows)
        table.add_column(column, justify="right" if right else "left", no_wrap=not terminal)
    for row in rows:
        table.add_row(*(format_cell(cell) for cell in row))
    # In a pipe nothing is wrapped or cut, because a program reads it.
    width = None if terminal else 10_000
    Output(file=sink, width=width, highlight=False, markup=False).print(table)


def format_cell(cell: object) -> str:
    """Four decimals for a float, separated thousands for an integer."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def shortened(path: str, most: int = 40) -> str:
    """The path, or the last part of a long one, so that it does not widen a table's column."""
    return path if len(path) <= most else "…" + path[1 - most :]


def shown_token(token: str, most: int = 16) -> str:
    """A token for a table: control characters are escaped, a long token is cut.

    Args:
        most: maximum width in terminal columns; a Hangul syllable takes two.
    """
    from rich.cells import cell_len, set_cell_size

    shown = visible(token)
    if cell_len(shown) <= most:
        return shown
    return set_cell_size(shown, most - 1).rstrip() + "…"


def visible(text: str) -> str:
    """A text with its control characters spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
