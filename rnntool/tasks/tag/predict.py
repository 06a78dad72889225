"""`rnntool predict` for a tagger: a tag for each token."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TextIO

from rnntool.configuration import build
from rnntool.data.stream import batches_of
from rnntool.data.tagged import Tagged
from rnntool.formats.reading import Undecodable, count_lines
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence, format_tagged, read_tagged
from rnntool.inference.tagger import NumpyTagger, can_tag
from rnntool.reporting import Reporter
from rnntool.runs.answerer import Answering, Floats, open_numpy_model
from rnntool.runs.inference_settings import AnswerSettings, PredictSettings
from rnntool.tasks.tag.reader import TagReader, tag_reader
from rnntool.tasks.tag.settings import TagSettings


def predict(
    run: Run, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Tag every sentence of text, columns or CoNLL-U, in order; flush after each batch.

    Args:
        run: a run of `train tag`.

    Returns:
        The number of sentences.

    Raises:
        UserError: run or an input cannot be used.
    """
    reader = tag_reader(run, build(TagSettings, run.config.settings, where=str(run.path)))
    answering = TagAnswering(reader, settings, report)
    options = replace(
        reader.options(settings),
        allow_empty=True,
        errors=Undecodable(settings.errors, offered=True),
    )
    count = 0
    with report.progress("tagging", count_lines(inputs), "lines") as progress:
        for path in inputs:
            sentences = read_tagged(path, options, tags=False)
            for batch in batches_of(path, sentences, settings.together):
                for sentence, tags, sure in _answers(answering, batch, path):
                    sink.write(_format(sentence, tags, sure, settings))
                sink.flush()
                progress.advance(sum(len(s.rows) or 1 for s in batch))
                count += len(batch)
    options.errors.warn(report)
    return count


class TagAnswering(Answering[Tagged]):
    """A tagger of the tokens of several sentences."""

    def __init__(self, reader: TagReader, settings: AnswerSettings, report: Reporter) -> None:
        super().__init__(reader.run, can_tag(reader.run.config.settings), settings, report)
        self.reader = reader

    def tokens(self, asked: Tagged) -> int:
        """Those of all sentences."""
        return int(asked.sequences.offsets[-1])

    def open_numpy(self) -> Callable[[Tagged], Floats]:
        """The NumPy tagger."""
        token, letter = len(self.run.vocabulary) - 1, len(self.reader.characters) - 1
        engine = open_numpy_model(
            self.run,
            partial(NumpyTagger, threads=self.settings.threads),
            lambda engine: engine.probabilities([[token]], [[0]], [[letter]]),
        )
        return lambda data: engine.probabilities(
            data.sequences.as_lists(), data.words.as_lists(), data.spellings.as_lists()
        )

    def open_torch(self) -> Callable[[Tagged], Floats]:
        """The torch model."""
        from rnntool.tasks.tag.load import load_tagger

        tagger = load_tagger(self.run, self.settings.device, self.settings.threads)
        return tagger.probabilities


def _answers(
    answering: TagAnswering, sentences: list[Sentence], path: str
) -> Iterator[tuple[Sentence, list[str], list[float]]]:
    bare = [Sentence(s.line, s.tokens) for s in sentences]  # ignore tags in the file
    encoded = answering.reader.encode(bare, path)
    probabilities = answering.probabilities(encoded)
    best, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    offsets = encoded.sequences.offsets.tolist()
    for sentence, (start, stop) in zip(sentences, itertools.pairwise(offsets), strict=True):
        tags = [answering.run.labels[n] for n in best[start:stop]]
        yield sentence, tags, sure[start:stop].tolist()


def _format(
    sentence: Sentence, tags: list[str], sure: list[float], settings: PredictSettings
) -> str:
    if not settings.json:
        return format_tagged(sentence, tags, sure if settings.proba else None)
    record: dict[str, Any] = {"tokens": sentence.tokens, "tags": tags}
    if settings.proba:
        record["probabilities"] = sure
    return json.dumps(record, ensure_ascii=False) + "\n"
