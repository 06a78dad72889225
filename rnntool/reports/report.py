"""`rnntool report`: compare runs on one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.reading import STREAM
from rnntool.formats.rundir import Run, read_metrics
from rnntool.formats.writing import write_text
from rnntool.inspection.flows_of_texts import TEXTS
from rnntool.pages import render, safe
from rnntool.reporting import Reporter
from rnntool.reports.charts import Chart, gradients, learning_curves
from rnntool.reports.plot import run_names
from rnntool.reports.report_settings import ReportSettings
from rnntool.reports.run_facts import Facts, facts_of
from rnntool.reports.tested import Tested, test_run
from rnntool.runs.open import open_run
from rnntool.tables import format_cell, visible


def write_report(
    paths: Sequence[str], output: str, settings: ReportSettings, report: Reporter
) -> None:
    """An HTML page: facts, learning curves, and with `--data` the results on that data.

    Raises:
        UserError: a run or the data cannot be used.
    """
    runs = [open_run(path) for path in paths]
    for run in runs:
        run.note(report)
    if settings.data is not None:
        _check_data(runs, settings.data)
    names = run_names(runs)
    facts = [facts_of(run, name) for run, name in zip(runs, names, strict=True)]
    tested = []
    if settings.data is not None:
        for run, name in zip(runs, names, strict=True):
            report.note(f"{name} on {settings.data}")
            tested.append(test_run(run, name, settings, report))
    page = render(
        "report.html", title=settings.title or f"Report on {', '.join(names)}",
        facts=facts, data=settings.data, tested=tested, cell=_cell, number=_is_number, safe=safe,
        rows=_side_by_side(facts, tested), curves=_curves(runs, names), flow=_flow(tested),
    )  # fmt: skip
    with write_text(output) as sink:
        sink.write(page)


def _check_data(runs: list[Run], data: str) -> None:
    """Raise a UserError if several runs cannot all read the data."""
    if data == STREAM:
        raise UserError("is read once, and a report reads the data several times",
                        where="standard input", hint="give a file")  # fmt: skip
    first = runs[0].config.task
    for run in runs[1:]:
        if run.config.task != first:
            raise UserError(f"was trained for {run.config.task!r}, and {runs[0].path} for"
                            f" {first!r}: no data fit both", where=run.path,
                            hint="leave out --data, or give runs of one task")  # fmt: skip


def _curves(runs: list[Run], names: list[str]) -> list[tuple[str, list[Chart]]]:
    """The learning curves of each task's runs."""
    found = []
    for task in dict.fromkeys(run.config.task for run in runs):
        own = {name: read_metrics(run.path) for run, name in zip(runs, names, strict=True)
               if run.config.task == task}  # fmt: skip
        found.append((task, learning_curves(own, task)))
    return found


def _flow(tested: list[Tested]) -> Chart | None:
    flows = {own.name: own.flow for own in tested if own.flow is not None}
    return gradients(flows, TEXTS) if flows else None


def _side_by_side(
    facts: list[Facts], tested: list[Tested]
) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """The figures of all runs, one row per figure, in groups."""
    groups = [("training", [own.figures for own in facts])]
    if tested:
        groups.append(("data", [own.figures for own in tested]))
    return [
        (title, [(name, [own.get(name, "") for own in figures])
                 for name in dict.fromkeys(name for own in figures for name in own)])
        for title, figures in groups
    ]  # fmt: skip


def _cell(value: Any) -> str:
    return visible(format_cell(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
