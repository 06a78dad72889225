"""Print a report to standard output, or with `-o` to a file that appears when it is complete."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from rnntool.errors import UserError
from rnntool.registry import DECODING
from rnntool.reporting import Reporter

Force = Annotated[bool, typer.Option("--force", help="Replace output files that exist.")]
Output = Annotated[str, typer.Option("-o", "--output", help="File to write; - is standard output.")]


_WRITTEN = ("output", "errors", "rows", "plot", "html")  # parameters that name a file to write


def written_files(values: Mapping[str, object]) -> list[str]:
    """The files that a command writes.

    Args:
        values: all parameters by name.
    """
    found = [value for name in _WRITTEN if isinstance(value := values.get(name), str)]
    return [path for path in found if path not in DECODING]  # of most commands, --errors is a mode


def refuse_own_input(values: Mapping[str, object]) -> None:
    """Check that no file that a command writes is one that it reads.

    Args:
        values: all parameters by name.

    Raises:
        UserError: one is both.
    """
    others = [value for name, value in values.items() if name not in _WRITTEN]
    read = [path for value in others for path in (value if isinstance(value, list) else [value])]
    for target in filter(os.path.isfile, written_files(values)):
        for path in read:
            if isinstance(path, str) and os.path.isfile(path) and os.path.samefile(path, target):
                raise UserError("is an input, and would be replaced by the output", where=target,
                                hint="give another name to write to")  # fmt: skip


def refuse_one_name(values: Mapping[str, object]) -> None:
    """Check that no two outputs of a command are the same file: the first would be lost.

    Args:
        values: all parameters by name.

    Raises:
        UserError: two are.
    """
    from rnntool.formats.reading import STREAM

    seen = set()
    for path in written_files(values):
        if path == STREAM or _is_open(path):
            continue
        if (place := os.path.realpath(path)) in seen:
            raise UserError("is the name of two outputs, and one would replace the other",
                            where=path, hint="give each output a name of its own")  # fmt: skip
        seen.add(place)


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


def refuse_overwriting(path: str, force: bool) -> None:
    """Raise a UserError if a file with something in it would be lost, and `--force` is not given.

    Standard output, pipes, devices and empty files lose nothing.
    """
    from rnntool.formats.reading import STREAM, is_file
    from rnntool.formats.writing import refuse_existing

    if path == STREAM or not os.path.lexists(path):
        return
    if is_file(path) and os.path.getsize(path) and not _is_open(path):
        refuse_existing(path, force)


def _is_open(path: str) -> bool:
    """Whether a path stands for a file that is open already: /dev/stdout, and what is behind it."""
    return path.startswith(("/dev/", "/proc/"))


def note_waiting(inputs: Sequence[str], report: Reporter) -> None:
    """Say on a terminal that lines are waited for, where a command has been given no input."""
    typed = sys.stdin is not None and sys.stdin.isatty()
    if typed and all(path == "-" for path in inputs):
        report.note("waiting for lines; Ctrl-D ends them")
