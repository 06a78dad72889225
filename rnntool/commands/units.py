"""`rnntool units`."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.inspection.explain_settings import UnitsSettings
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.inspection.units import Following, Units

app = new_app("Find the hidden units that follow a label, a tag, or a property of the text.")


@command(app, "units", UnitsSettings, prints=True)
def units(
    run: Annotated[str, typer.Argument(help="Run with recurrent layers.")],
    source: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Labelled texts, CoNLL-U, or text; - is stdin."),
    ],
    *,
    settings: UnitsSettings,
    report: Reporter,
) -> None:
    """Find the hidden units that follow a label, a tag, or a property of the text.

    For labelled texts, each unit's area under the ROC curve for each label, with the sign, and the
    accuracy of a single threshold. For other text, properties of each token: position in the line,
    inside quotation marks or brackets, after a space, digit, punctuation, length of the word so
    far, and your own (--property); numbers by Spearman's ρ. Units are chosen on one half of the
    data and scored on the other. With --unit, the text is coloured by that unit's values.

    Example: rnntool units runs/lstm ratings_test.txt --top 2
    """
    one_blas_thread()
    from rnntool.commands._output import print_table
    from rnntool.inspection.units import Units

    opened = Units(run, settings, report)
    if settings.unit is not None:
        _show_unit(opened, source, settings, report)
        return
    found = opened.find(source)
    if settings.html is not None:
        best = max(found.rows, key=lambda row: (row.measure == "AUC", row.scored))
        _write_page(opened, source, str(best.unit), settings.html, report, _about(best))
    if settings.json:
        record = {"run": run, "data": source, **found.as_dict()}
        sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
        return
    print_table(*found.table())


def _about(row: Following) -> str:
    larger = "larger" if row.sign == "+" else "smaller"
    return f"The unit is {larger} with {row.what!r} ({row.measure} {row.scored:.3f})."


def _show_unit(opened: Units, source: str, settings: UnitsSettings, report: Reporter) -> None:
    """The text in colours on a terminal or a page; a token a row in a pipe."""
    from rnntool.formats.fields import as_field
    from rnntool.inspection.token_colours import as_text, full_colour

    assert settings.unit is not None
    if settings.html is not None:
        _write_page(opened, source, settings.unit, settings.html, report)
        return
    lines, values, spelled = opened.values(source, settings.unit)
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console(file=sys.stdout, highlight=False, markup=False)
        full = full_colour(*values)
        for tokens, own in zip(lines, values, strict=True):
            console.print(as_text(tokens, own, full, "" if spelled else " "), soft_wrap=True)
        return
    sys.stdout.write("line\tstep\ttoken\tvalue\n")
    for number, (tokens, own) in enumerate(zip(lines, values, strict=True), 1):
        for step, (token, value) in enumerate(zip(tokens, own, strict=True), 1):
            sys.stdout.write(f"{number}\t{step}\t{as_field(token)}\t{value:.6f}\n")


def _write_page(
    opened: Units, source: str, unit: str, path: str, report: Reporter, about: str = ""
) -> None:
    from rnntool.formats.writing import write_text
    from rnntool.inspection.unit_page import unit_page

    lines, values, spelled = opened.values(source, unit)
    with write_text(path) as sink:
        sink.write(unit_page(opened.name, unit, lines, values, spelled, about))
    report.note(f"{path}: {sum(map(len, lines)):,} tokens coloured by unit {unit}")
