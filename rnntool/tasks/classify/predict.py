"""`rnntool predict` for a classifier.

NumPy computes the answers where it can: it finishes before torch would be imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TextIO

from rnntool.data.stream import ahead, batches_of
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.formats.corpus import Corpus, Row, open_corpus, split_tokens
from rnntool.formats.reading import count_lines, is_file
from rnntool.formats.rundir import Run
from rnntool.inference.classifier import NumpyClassifier
from rnntool.inference.encoder import can_encode
from rnntool.reporting import Progress, Reporter
from rnntool.runs.answerer import Answering, Floats, open_numpy_model
from rnntool.runs.inference_settings import PredictSettings
from rnntool.runs.rows import require_tokenizer, stream_options
from rnntool.tasks.classify.answers import AnswerWriter
from rnntool.tasks.classify.decision import has_several


class TextAnswering(Answering[list[str]]):
    """A classifier of texts, given as tokens joined by one space."""

    @property
    def worker_options(self) -> WorkerOptions:
        """Options for tokenizing raw text for this model."""
        heap = self.settings.jvm_heap
        return WorkerOptions(self.run.config.tokenizer, self.run.subword_model(), heap)

    def tokens(self, asked: list[str]) -> int:
        """They are separated by single spaces."""
        return sum(text.count(" ") + 1 for text in asked)

    def open_numpy(self) -> Callable[[list[str]], Floats]:
        """The NumPy classifier."""
        last = len(self.run.vocabulary) - 1
        make = partial(NumpyClassifier, threads=self.settings.threads)
        engine = open_numpy_model(self.run, make, lambda engine: engine.probabilities([[last]]))
        limit = self.run.config.settings.get("max_length") or None
        encode = self.run.vocabulary.encode
        return lambda texts: engine.probabilities([encode(split_tokens(t)[:limit]) for t in texts])

    def open_torch(self) -> Callable[[list[str]], Floats]:
        """The torch model, or several of them with `--ensemble`."""
        from rnntool.tasks.classify.load import load_ensemble

        runs: list[str | Run] = [self.run, *self.settings.ensemble]
        return load_ensemble(runs, self.settings.device, self.settings.threads).probabilities


def predict(
    run: Run, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Predict every row of raw text or tokens, in order; flush after each batch.

    Args:
        run: a run of `train classify`.

    Returns:
        The number of rows.

    Raises:
        UserError: the run's weights or an input cannot be used.
    """
    answering = TextAnswering(run, can_encode(run.config.settings), settings, report)
    writer = AnswerWriter(run.labels, settings, has_several(run))
    options = stream_options(settings)
    count, rows = 0, count_lines(inputs)
    with (
        TokenizePool(answering.worker_options, settings.workers, rows) as pool,
        report.progress("predicting", rows, "rows") as progress,
    ):
        for path in inputs:
            with open_corpus(path, options) as corpus:
                require_tokenizer(corpus, answering.run.config.tokenizer)
                header = writer.begin(corpus)
                if header is not None:
                    sink.write(header + "\n")
                batches = _tokenized(path, corpus, pool, settings.together)
                count += _answer(answering, batches, sink, writer, progress)
        pool.warn_of_characters(report)
    options.errors.warn(report)
    return count


def _answer(
    answering: TextAnswering,
    batches: Iterator[tuple[list[Row], list[str]]],
    sink: TextIO,
    writer: AnswerWriter,
    progress: Progress,
) -> int:
    count = 0
    for batch, tokens in ahead(batches):  # the next one is tokenized while this one is predicted
        sink.write(writer.lines(batch, answering.probabilities(tokens)))
        sink.flush()
        progress.advance(len(batch))
        count += len(batch)
    return count


def _tokenized(
    path: str, corpus: Corpus, pool: TokenizePool, together: int
) -> Iterator[tuple[list[Row], list[str]]]:
    """Batches of rows with their tokens, of at most `together` rows."""
    pairs: Iterator[tuple[Row, str]] = ((row, row.text) for row in corpus)
    raw, complete = corpus.layout.tokenizer is None, is_file(path)
    if raw and complete:
        # As one stream: at the end of each batch, the processes would wait for the next one.
        pairs = pool.tokenize(pairs)
    for batch in batches_of(path, pairs, together):
        if raw and not complete:
            batch = list(pool.tokenize(batch))
        yield [row for row, _ in batch], [tokens for _, tokens in batch]
