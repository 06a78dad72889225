"""`rnntool predict` for a seq2seq model: a text for each line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TextIO

from rnntool.data.pairs import SOURCE_COLUMNS, TARGET_COLUMNS
from rnntool.data.sequences import pack_sequences
from rnntool.data.stream import batches_of
from rnntool.formats.corpus import open_corpus
from rnntool.formats.fields import as_field
from rnntool.formats.reading import count_lines
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.answerer import TORCH_ANSWERS
from rnntool.runs.inference_settings import PredictSettings
from rnntool.runs.rows import stream_options
from rnntool.tasks.seq2seq.load import load_seq2seq

_TOGETHER = 256  # maximum number of texts per batch


def predict(
    run: Run, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Write the output for every line, in order; flush after each batch.

    Returns:
        The number of lines.

    Raises:
        UserError: run or an input cannot be used.
    """
    report.detail(TORCH_ANSWERS)
    trained = load_seq2seq(run, settings.device, settings.threads)
    options = replace(
        stream_options(settings),
        text_column=settings.text_column or trained.settings.source_column,
        text_names=SOURCE_COLUMNS, label_names=TARGET_COLUMNS,
    )  # fmt: skip
    count = 0
    with (
        trained.splitter(settings, report) as split,
        report.progress("answering", count_lines(inputs), "lines") as progress,
    ):
        for path in inputs:
            with open_corpus(path, options) as corpus:
                for batch in batches_of(path, corpus, min(_TOGETHER, settings.together)):
                    texts = [row.text for row in batch]
                    sources = pack_sequences(trained.run.vocabulary.encode(t) for t in split(texts))
                    answers = trained.answers(sources, settings.length, settings.beam)
                    for text, answer in zip(texts, answers, strict=True):
                        sink.write(_format(text, answer, settings) + "\n")
                    sink.flush()
                    progress.advance(len(batch))
                    count += len(batch)
    options.errors.warn(report)
    return count


def _format(text: str, answer: str, settings: PredictSettings) -> str:
    if settings.json:
        record = {"answer": answer, **({"text": text} if settings.show_text else {})}
        return json.dumps(record, ensure_ascii=False)
    line = as_field(answer)
    return f"{line}\t{as_field(text)}" if settings.show_text else line
