"""`rnntool eval` for a classifier: its score on labelled data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnntool.data.labelled import label_numbers, require_label, require_labels
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.fields import as_field
from rnntool.formats.reading import count_lines
from rnntool.formats.rundir import Run
from rnntool.formats.writing import write_text
from rnntool.inference.encoder import can_encode
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings, ExportSettings, InferenceSettings
from rnntool.runs.metrics import ClassificationReport, Floats, Ints, classification_report
from rnntool.runs.rows import tokenized_rows
from rnntool.tasks.classify.predict import TextAnswering


@dataclass(frozen=True)
class Rows:
    """The rows of labelled data."""

    lines: list[int]
    texts: list[str]  # as in the file
    tokens: list[str]  # joined by one space
    labels: list[str]

    def numbers(self, labels: list[str], path: str) -> Ints:
        """[N] label numbers.

        Raises:
            UserError: a label was not seen in training.
        """
        return label_numbers(zip(self.lines, self.labels, strict=True), labels, path)


def evaluate(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> ClassificationReport:
    """Score a run on labelled raw text or tokens; write the misclassified rows to `--errors`.

    Raises:
        UserError: run or data cannot be used, or a label was not seen in training.
    """
    rows, probabilities, truth = answer_rows(run, data, settings, report)
    if settings.errors is not None:
        count = _write_errors(settings.errors, rows, probabilities, truth, run.labels)
        report.note(f"{settings.errors}: {count:,} misclassified rows")
    return classification_report(probabilities, truth, run.labels)


def answer_rows(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> tuple[Rows, Floats, Ints]:
    """Labelled data, [N, C] probabilities and [N] true classes.

    Raises:
        UserError: run or data cannot be used, or a label was not seen in training.
    """
    answering = TextAnswering(run, can_encode(run.config.settings), settings, report)
    answering.open()
    rows = read_rows(data, row_options(settings), answering.worker_options, settings, report)
    truth = rows.numbers(run.labels, data)
    report.note(f"scoring {len(truth):,} documents")
    return rows, answering.probabilities(rows.tokens), truth


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
) -> Rows:
    """All rows of labelled raw text or tokens.

    Raises:
        UserError: the file cannot be used, or has no labels.
    """
    rows = Rows([], [], [], [])
    with (
        TokenizePool(worker, settings.workers) as pool,
        open_corpus(data, options) as corpus,
        report.progress("reading", count_lines([data]), "rows") as progress,
    ):
        require_labels(corpus)
        for row, tokens in tokenized_rows(corpus, worker.identity, pool):
            rows.lines.append(row.line)
            rows.texts.append(row.text)
            rows.tokens.append(tokens)
            rows.labels.append(require_label(corpus, row))
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
                f"{rows.lines[i]}\t{rows.labels[i]}\t{labels[predicted[i]]}"
                f"\t{confidence[i]:.6f}\t{text}\n"
            )
    return len(wrong)
