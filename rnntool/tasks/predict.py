"""Answer for each line: what `rnntool predict` does with a classifier.

The NumPy cells answer before torch could even be imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from rnntool.data.stream import ahead, batches_of
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.decoding.classifier import ClassifierEngine, can_run
from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, CorpusOptions, Row, open_corpus, split_tokens
from rnntool.formats.reading import count_lines
from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.machine import may_have_gpu
from rnntool.reporting import Progress, Reporter
from rnntool.tasks.evaluate_settings import PredictSettings
from rnntool.tasks.reading import require_tokenizer

_FEW = 24  # lines together up to which NumPy is done before a GPU could even be asked

Floats = NDArray[np.float64]


class Answering:
    """A classifier that answers at once, and fast when there is much to answer.

    The NumPy cells answer what they can; torch what they cannot, and much at a time where there may
    be a GPU.
    """

    def __init__(self, run: Run, settings: PredictSettings, report: Reporter) -> None:
        self.run, self.settings, self.report = run, settings, report
        self._plain = (
            can_run(self.run.config.settings)
            and not settings.ensemble
            and settings.device != "cuda"
        )
        self._most = _FEW if settings.device == "auto" and may_have_gpu() else sys.maxsize
        self._numpy: ClassifierEngine | None = None
        self._torch: Callable[[list[str]], Floats] | None = None

    @property
    def worker_options(self) -> WorkerOptions:
        """What tokenizes raw text for this model."""
        heap = self.settings.jvm_heap
        return WorkerOptions(self.run.config.tokenizer, self.run.subword_model(), heap)

    def probabilities(self, texts: list[str]) -> Floats:
        """[N, C] probabilities of N texts given as tokens joined by one space."""
        if self._torch is None and self._plain and len(texts) <= self._most:
            if self._numpy is None:  # only now: torch may answer all, and needs no second weights
                self._numpy = _open_engine(self.run, self.settings.threads)
            limit = self.run.config.settings.get("max_length") or None
            encode = self.run.vocabulary.encode
            return self._numpy.probabilities([encode(split_tokens(t)[:limit]) for t in texts])
        if self._torch is None:
            self._torch = self._open_torch()
        return self._torch(texts)

    def _open_torch(self) -> Callable[[list[str]], Floats]:
        from rnntool.tasks.classify_run import load_ensemble

        self.report.detail("torch answers, not the NumPy cells")
        runs = [str(self.run.path), *self.settings.ensemble]
        return load_ensemble(runs, self.settings.device, self.settings.threads).probabilities


def _open_engine(run: Run, threads: int) -> ClassifierEngine:
    try:
        engine = ClassifierEngine(run.config.settings, read_weights(run.weights), threads)
    except (KeyError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"do not fit the model: {reason}", where=run.weights) from None
    if engine.classes != len(run.labels):
        raise UserError(f"do not fit the model: {engine.classes} classes, and {len(run.labels)}"
                        " labels", where=run.weights)  # fmt: skip
    return engine


def predict(
    run: Run, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Answer every row of raw text or tokens, in order, flushed as the answers come.

    Args:
        run: of `train classify`.

    Returns:
        How many rows were answered.

    Raises:
        UserError: the run's weights or an input cannot be used.
    """
    answering = Answering(run, settings, report)
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    count = 0
    with (
        TokenizePool(answering.worker_options, settings.workers) as pool,
        report.progress("predicting", count_lines(inputs), "rows") as progress,
    ):
        for path in inputs:
            with open_corpus(path, options) as corpus:
                require_tokenizer(corpus, answering.run.config.tokenizer)
                arrived = batches_of(path, corpus, settings.together)
                count += _answer(answering, corpus, arrived, pool, sink, settings, progress)
        pool.warn_of_characters(report)
    return count


def _answer(
    answering: Answering,
    corpus: Corpus,
    arrived: Iterator[list[Row]],
    pool: TokenizePool,
    sink: TextIO,
    settings: PredictSettings,
    progress: Progress,
) -> int:
    count, labels = 0, answering.run.labels
    # The next batch is tokenized while this one is answered.
    for batch, tokens in ahead((batch, _tokens(corpus, batch, pool)) for batch in arrived):
        for row, probabilities in zip(batch, answering.probabilities(tokens), strict=True):
            line = format_answer(labels, probabilities.tolist(), row.text, settings)
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
