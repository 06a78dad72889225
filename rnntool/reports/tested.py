"""The results of runs on new data, for a report.

Shapes: N documents or tokens, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnntool import tasks
from rnntool.formats.rundir import Run
from rnntool.inspection.flows_of_texts import flow_of_texts
from rnntool.inspection.gradient_flow import Flow
from rnntool.reporting import QuietReporter, Reporter
from rnntool.reports.charts import Chart, forecast_chart, reliability
from rnntool.reports.examples import Example, class_errors, surprising_lines, tag_errors
from rnntool.reports.report_settings import ReportSettings
from rnntool.runs.metrics import ClassificationReport, Floats, Ints, Table, confidence_bins
from rnntool.tables import format_cell

_CLASSES = 12  # with more classes, no confusion matrix is shown


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: counts, and shares of the true class."""

    labels: list[str]
    rows: list[list[tuple[int, float]]]


@dataclass
class Tested:
    """The results of one run on the data."""

    name: str
    figures: dict[str, str] = field(default_factory=dict)  # for the table that compares runs
    tables: list[tuple[str, Table]] = field(default_factory=list)  # each with a title
    matrix: Matrix | None = None
    charts: list[Chart] = field(default_factory=list)
    examples_title: str = ""
    examples: list[Example] = field(default_factory=list)
    flow: Flow | None = None


def test_run(run: Run, name: str, settings: ReportSettings, report: Reporter) -> Tested:
    """Score a run on the data of the settings, and collect its errors.

    Raises:
        UserError: run or data cannot be used.
    """
    assert settings.data is not None
    ways = {"classify": _classifier, "tag": _tagger, "lm": _language_model, "forecast": _forecaster}
    several = bool(run.config.settings.get("multi_label"))
    found = Tested(name)
    way = _any if several else ways.get(run.config.task, _any)
    way(found, run, settings.data, settings, report)
    found.flow = flow_of_texts(run, settings.data, QuietReporter())
    return found


def _any(found: Tested, run: Run, data: str, settings: ReportSettings, report: Reporter) -> None:
    """The tables of `eval`."""
    figures = tasks.evaluate(str(run.path), data, settings.reading, report)
    found.tables = [("", table) for table in figures.tables()]
    found.figures = _plain(figures.as_dict())


def _classifier(
    found: Tested, run: Run, data: str, settings: ReportSettings, report: Reporter
) -> None:
    from rnntool.runs.metrics import classification_report
    from rnntool.tasks.classify.evaluate import answer_rows

    rows, probabilities = answer_rows(run, data, settings.reading, report)
    truth = rows.numbers(run.labels, data)
    scores = classification_report(probabilities, truth, run.labels)
    _classes(found, scores, probabilities, truth, "class")
    found.figures = _plain(scores.as_dict())
    found.examples_title = "The most confident errors"
    found.examples = class_errors(run, rows, probabilities, truth, settings.errors, report)


def _tagger(found: Tested, run: Run, data: str, settings: ReportSettings, report: Reporter) -> None:
    from rnntool.tasks.tag.evaluate import answer_sentences, tagging_report

    sentences, encoded, probabilities = answer_sentences(run, data, settings.reading, report)
    scores = tagging_report(sentences, encoded, probabilities, run.labels)
    truth = encoded.tags.ids.astype(np.int64)
    _classes(found, scores.by_tag, probabilities, truth, "tag")
    found.figures = _plain(scores.as_dict())
    found.examples_title = "The most confident errors"
    found.examples = tag_errors(run, sentences, probabilities, truth, settings.errors, report)


def _classes(
    found: Tested, scores: ClassificationReport, probabilities: Floats, truth: Ints, of: str
) -> None:
    """A table of the classes, the confusion matrix, and the calibration."""
    labels = [c.label for c in scores.classes]
    counted = "tokens" if of == "tag" else "documents"
    found.tables.append((f"Each {of}", scores.class_table(of)))
    if len(labels) <= _CLASSES:
        found.matrix = Matrix(labels, [
            [(count, count / max(1, sum(row))) for count in row] for row in scores.confusion
        ])  # fmt: skip
    else:
        found.tables.append(("The largest confusions", scores.confusions(counted)))
    bins = confidence_bins(probabilities, truth)
    found.charts.append(reliability(found.name, bins, scores.calibration_error))


def _language_model(
    found: Tested, run: Run, data: str, settings: ReportSettings, report: Reporter
) -> None:
    _any(found, run, data, settings, report)
    found.examples_title = "The most surprising lines"
    found.examples = surprising_lines(run, data, settings, report)


def _forecaster(
    found: Tested, run: Run, data: str, settings: ReportSettings, report: Reporter
) -> None:
    from rnntool.tasks.forecast.evaluate import evaluate

    compared = evaluate(run, data, settings.reading, report)
    found.tables = [("", table) for table in compared.tables()]
    figures = compared.figures()
    found.figures = {f"{n}, {m.upper()}": format_cell(v)
                     for n, own in figures.items() for m, v in own.items()}  # fmt: skip
    dates = compared.series.labels[compared.first :][: len(compared.truth)]
    for k, target in enumerate(compared.targets):
        came, said = (a[:, 0, k].tolist() for a in (compared.truth, compared.forecasts))
        found.charts.append(forecast_chart(dates, came, said, target))
    found.tables.append(("The largest errors", _largest(compared, dates, settings.errors)))


def _largest(compared: Any, dates: Sequence[str], most: int) -> Table:
    """The steps with the largest errors, one step ahead."""
    gaps = np.abs(compared.forecasts[:, 0] - compared.truth[:, 0])
    rows = []
    for place in np.argsort(-gaps, axis=None, kind="stable")[:most].tolist():
        n, k = divmod(place, gaps.shape[1])
        came, said = float(compared.truth[n, 0, k]), float(compared.forecasts[n, 0, k])
        rows.append([dates[n], compared.targets[k], came, said, said - came])
    return ["row", "target", "what came", "forecast", "error"], rows


def _plain(figures: dict[str, Any]) -> dict[str, str]:
    """The figures that are single numbers, as cells."""
    return {name.replace("_", " "): format_cell(value) for name, value in figures.items()
            if isinstance(value, (int, float, str))}  # fmt: skip
