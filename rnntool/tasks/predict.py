"""Answer for each line: what `rnntool predict` does."""

from __future__ import annotations

import json
from typing import Any, TextIO

from rnntool.data.stream import ready_batches
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.formats.corpus import Corpus, CorpusOptions, Row, open_corpus
from rnntool.formats.reading import count_lines
from rnntool.reporting import Progress, Reporter
from rnntool.tasks.classify_run import (
    Ensemble,
    TrainedClassifier,
    load_ensemble,
    require_tokenizer,
)
from rnntool.tasks.evaluate_settings import PredictSettings


def predict(
    run: str, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Answer every row of raw text or tokens, in order, flushed as the answers come.

    Returns:
        How many rows were answered.

    Raises:
        UserError: run or an input cannot be used.
    """
    runs = [run, *settings.ensemble]
    classifier = load_ensemble(runs, settings.device, settings.threads)
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    count = 0
    with (
        TokenizePool(classifier.worker_options(settings.jvm_heap), settings.workers) as pool,
        report.progress("predicting", count_lines(inputs), "rows") as progress,
    ):
        for path in inputs:
            with open_corpus(path, options) as corpus:
                require_tokenizer(corpus, classifier.tokenizer)
                count += _answer(classifier, corpus, pool, sink, settings, progress)
        pool.warn_of_characters(report)
    return count


def _answer(
    classifier: TrainedClassifier | Ensemble,
    corpus: Corpus,
    pool: TokenizePool,
    sink: TextIO,
    settings: PredictSettings,
    progress: Progress,
) -> int:
    count = 0
    for batch in ready_batches(corpus, settings.batch_size):
        tokens = _tokens(corpus, batch, pool)
        for row, probabilities in zip(batch, classifier.probabilities(tokens), strict=True):
            line = format_answer(classifier.labels, probabilities.tolist(), row.text, settings)
            sink.write(line + "\n")
        sink.flush()
        progress.advance(len(batch))
        count += len(batch)
    return count


def _tokens(corpus: Corpus, batch: list[Row], pool: TokenizePool) -> list[str]:
    if corpus.layout.tokenizer is not None:
        return [row.text for row in batch]
    return [tokens for _, tokens in pool.tokenize((row, row.text) for row in batch)]


def format_answer(
    labels: list[str], probabilities: list[float], text: str, settings: PredictSettings
) -> str:
    """One line: `label TAB probability`, or with `--proba` every class's; or JSON."""
    best = max(range(len(labels)), key=probabilities.__getitem__)
    if settings.json:
        answer: dict[str, Any] = {"label": labels[best], "probability": probabilities[best]}
        if settings.proba:
            answer["probabilities"] = dict(zip(labels, probabilities, strict=True))
        if settings.show_text:
            answer["text"] = text
        return json.dumps(answer, ensure_ascii=False)
    columns = [labels[best]]
    if settings.proba:
        columns += [f"{label}={p:.6f}" for label, p in zip(labels, probabilities, strict=True)]
    else:
        columns.append(f"{probabilities[best]:.6f}")
    if settings.show_text:
        columns.append(" ".join(text.split("\n")))
    return "\t".join(columns)
