"""`rnntool fill`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool import tasks
from rnntool.commands._command import command, new_app
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import FillSettings

if TYPE_CHECKING:
    from rnntool.runs.cloze import Filling
    from rnntool.runs.filling import Likeliest

app = new_app("Fill a gap in a text: rank given choices, or list the likeliest words.")

Cell = str | int | float


@command(app, "fill", FillSettings, prints=True)
def fill(
    run: Annotated[str, typer.Argument(help="Run directory of train bilm or train lm.")],
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[INPUT]",
            help="Lines with ____, or a table of text, choices and answer; - is stdin.",
        ),
    ] = None,
    *,
    settings: FillSettings,
    report: Reporter,
) -> None:
    """Fill a gap in a text: rank given choices, or list the likeliest words.

    A biLM scores each choice in three ways, as log-probabilities in nats, and shows each score also
    as a share among the choices. forward: given the text before the gap. backward: given the text
    after it. both = forward + backward - ln p(choice without context), which is Bayes' rule if the
    two sides are independent given the choice. A model of train lm has only the forward score. Each
    choice is tokenized inside its text. If the table has a column answer, the accuracy is shown.

    Example: rnntool fill runs/bilm --text '이 ____ 정말 감동' --choices 영화,배우
    """
    one_blas_thread()
    found = tasks.fill(run, source or "-", settings, report)
    if settings.json:
        for item in found:
            sys.stdout.write(json.dumps(item.as_dict(), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        return
    _show(found)


def _show(found: Iterable[Filling | Likeliest]) -> None:
    """A table a text; a last one counts the answers that were found."""
    from rnntool.commands._output import print_table
    from rnntool.runs.cloze import Filling

    right: Counter[str] = Counter()
    asked = 0
    for number, item in enumerate(found):
        sys.stdout.write(("\n" if number else "") + item.gap.text + "\n")
        print_table(*(_choices(item) if isinstance(item, Filling) else _words(item)))
        if isinstance(item, Filling) and item.gap.answer is not None:
            asked += 1
            right.update({v: int(item.best(v).text == item.gap.answer) for v in item.views})
    if asked:
        sys.stdout.write("\n")
        rows = [[view, count, asked, count / asked] for view, count in right.items()]
        print_table(("view", "right", "texts", "share"), rows)


def _choices(item: Filling) -> tuple[list[str], list[list[Cell]]]:
    columns = ["choice", *(name for view in item.views for name in (view, "share")), "tokens"]
    rows: list[list[Cell]] = []
    for candidate in item.candidates:
        mark = " (answer)" if candidate.text == item.gap.answer else ""
        shown = [f"<unk> ({t})" if t in candidate.unknown else t for t in candidate.tokens]
        values = [pair[v] for v in item.views for pair in (candidate.nats, candidate.shares)]
        rows.append([candidate.text + mark, *values, " ".join(shown)])
    return columns, rows


def _words(item: Likeliest) -> tuple[list[str], list[list[Cell]]]:
    columns = [name for view in item.words for name in (view, "share")]
    rows = zip(*item.words.values(), strict=True)
    return columns, [[cell for pair in row for cell in pair] for row in rows]
