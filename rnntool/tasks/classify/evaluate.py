"""`rnntool eval` for a classifier: its score on labelled data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnntool.data.labelled import label_matrix, label_numbers, labels_of, require_labels
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.fields import as_field
from rnntool.formats.reading import count_lines
from rnntool.formats.rundir import Run
from rnntool.formats.writing import write_text
from rnntool.inference.encoder import can_encode
from rnntool.registry import SEPARATOR
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings, ExportSettings, InferenceSettings
from rnntool.runs.metrics import ClassificationReport, Floats, Ints, classification_report
from rnntool.runs.multi_label import Bools, MultiLabelReport, multi_label_report
from rnntool.runs.rows import tokenized_rows
from rnntool.tasks.classify.decision import DEFAULT_THRESHOLD, has_several, separator_of
from rnntool.tasks.classify.predict import TextAnswering

_TOGETHER = 8192  # documents scored between two signs of progress


@dataclass(frozen=True)
class Rows:
    """The rows of labelled data."""

    lines: list[int]
    texts: list[str]  # as in the file
    tokens: list[str]  # joined by one space
    labels: list[tuple[str, ...]]  # one each; of texts that may have several, any number

    def numbers(self, labels: list[str], path: str) -> Ints:
        """[N] label numbers.

        Raises:
            UserError: a label was not seen in training.
        """
        only = (own[0] for own in self.labels)
        return label_numbers(zip(self.lines, only, strict=True), labels, path)

    def matrix(self, labels: list[str], path: str) -> Bools:
        """[N, C] which labels each text has.

        Raises:
            UserError: one was not seen in training.
        """
        return label_matrix(zip(self.lines, self.labels, strict=True), labels, path) > 0


def evaluate(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> ClassificationReport | MultiLabelReport:
    """Score a run on labelled raw text or tokens; write the misclassified rows to `--errors`.

    Raises:
        UserError: run or data cannot be used, or a label was not seen in training.
    """
    if has_several(run):
        return _evaluate_several(run, data, settings, report)
    if settings.threshold is not None:
        raise UserError("--threshold is for runs of --multi-label", where=run.path)
    rows, probabilities = answer_rows(run, data, settings, report)
    truth = rows.numbers(run.labels, data)
    if settings.errors is not None:
        count = _write_errors(settings.errors, rows, probabilities, truth, run.labels)
        report.note(f"{settings.errors}: {count:,} misclassified rows")
    return classification_report(probabilities, truth, run.labels)


def _evaluate_several(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> MultiLabelReport:
    threshold = DEFAULT_THRESHOLD if settings.threshold is None else settings.threshold
    rows, probabilities = answer_rows(run, data, settings, report)
    truth = rows.matrix(run.labels, data)
    if settings.errors is not None:
        given = probabilities >= threshold
        count = write_wrong_sets(settings.errors, rows, probabilities, given, truth, run.labels)
        report.note(f"{settings.errors}: {count:,} rows with a wrong label or without one")
    return multi_label_report(probabilities, truth, run.labels, threshold)


def answer_rows(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> tuple[Rows, Floats]:
    """Labelled data, and [N, C] probabilities.

    Raises:
        UserError: run or data cannot be used, or a label was not seen in training.
    """
    separator = separator_of(run)
    answering = TextAnswering(run, can_encode(run.config.settings), settings, report)
    answering.open()
    worker = answering.worker_options
    rows = read_rows(data, row_options(settings), worker, settings, report, separator)
    # A label that the run does not know is named before anything is computed.
    _ = rows.numbers(run.labels, data) if separator is None else rows.matrix(run.labels, data)
    report.note(f"scoring {len(rows.lines):,} documents")
    with report.progress("scoring", len(rows.tokens), "documents") as progress:
        parts = []
        for start in range(0, len(rows.tokens), _TOGETHER):
            part = rows.tokens[start : start + _TOGETHER]
            parts.append(answering.probabilities(part))
            progress.advance(len(part))
    return rows, np.concatenate(parts)


def row_options(settings: EvaluateSettings | ExportSettings) -> CorpusOptions:
    """The options for reading labelled data."""
    return CorpusOptions(
        settings.format, settings.text_column, settings.label_column, settings.encoding
    )


def read_rows(
    data: str,
    options: CorpusOptions,
    worker: WorkerOptions,
    settings: InferenceSettings,
    report: Reporter,
    separator: str | None = None,
) -> Rows:
    """All rows of labelled raw text or tokens.

    Args:
        separator: of the labels of a table's cell; None: a text has one label.

    Raises:
        UserError: the file cannot be used, or has no labels.
    """
    rows, expected = Rows([], [], [], []), count_lines([data])
    with (
        TokenizePool(worker, settings.workers, expected) as pool,
        open_corpus(data, options) as corpus,
        report.progress("reading", expected, "rows") as progress,
    ):
        require_labels(corpus)
        for row, tokens in tokenized_rows(corpus, worker.identity, pool):
            rows.lines.append(row.line)
            rows.texts.append(row.text)
            rows.tokens.append(tokens)
            rows.labels.append(labels_of(corpus, row, separator))
            progress.advance()
        pool.warn_of_characters(report)
        if not rows.lines:
            raise UserError("has a header but no rows", where=corpus.name)
    return rows


def _write_errors(
    path: str, rows: Rows, probabilities: Floats, truth: Ints, labels: list[str]
) -> int:
    """Write the misclassified rows as TSV, and return their number."""
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    with write_text(path) as sink:
        sink.write("line\tlabel\tpredicted\tprobability\tdocument\n")
        for i in wrong.tolist():
            text = as_field(rows.texts[i])
            sink.write(
                f"{rows.lines[i]}\t{rows.labels[i][0]}\t{labels[predicted[i]]}"
                f"\t{confidence[i]:.6f}\t{text}\n"
            )
    return len(wrong)


def write_wrong_sets(
    path: str, rows: Rows, probabilities: Floats, given: Bools, truth: Bools, labels: list[str]
) -> int:
    """The rows whose labels are not the true ones as TSV, the surest mistakes first; how many."""
    mistakes = np.where(given != truth, np.abs(probabilities - 0.5), -1).max(axis=1)
    wrong = np.flatnonzero((given != truth).any(axis=1))
    wrong = wrong[np.argsort(-mistakes[wrong], kind="stable")]
    with write_text(path) as sink:
        sink.write("line\tlabels\tpredicted\tprobabilities\tdocument\n")
        for i in wrong.tolist():
            said = np.flatnonzero(given[i])
            fields = (
                str(rows.lines[i]),
                SEPARATOR.join(rows.labels[i]),
                SEPARATOR.join(labels[n] for n in said),
                SEPARATOR.join(f"{probabilities[i, n]:.6f}" for n in said),
                as_field(rows.texts[i]),
            )
            sink.write("\t".join(fields) + "\n")
    return len(wrong)
