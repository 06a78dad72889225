"""A tagger in Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from rnntool.api.model import Floats, Model, refuse_one
from rnntool.api.splitting import Splitter
from rnntool.configuration import build
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence
from rnntool.reporting import QuietReporter
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.tasks.tag.predict import TagAnswering
from rnntool.tasks.tag.reader import tag_reader
from rnntool.tasks.tag.settings import TagSettings


class Tagger(Model):
    """A model of `train tag`."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        reader = tag_reader(run, build(TagSettings, run.config.settings, where=str(run.path)))
        self._answering = TagAnswering(reader, settings, QuietReporter())
        self._answering.open()
        self._split = Splitter(run)

    def predict(self, texts: Iterable[str | Sequence[str]]) -> list[list[str]]:
        """A tag for each token of each sentence, given as its tokens or as text."""
        return [[self.labels[n] for n in row.argmax(axis=1)] for row in self.tag_proba(texts)]

    def tag_proba(self, texts: Iterable[str | Sequence[str]]) -> list[Floats]:
        """[T, C] probabilities of the tags of each sentence's tokens, in the order of `labels`."""
        given = enumerate(refuse_one(texts), start=1)
        sentences = [Sentence(n, self.tokens(text)) for n, text in given]
        if not any(sentence.tokens for sentence in sentences):
            return [np.zeros((0, len(self.labels))) for _ in sentences]
        encoded = self._answering.reader.encode(sentences, "sentence")
        found = self._answering.probabilities(encoded)
        offsets = encoded.sequences.offsets.tolist()
        return [found[start:stop] for start, stop in itertools.pairwise(offsets)]

    def tokens(self, text: str | Sequence[str]) -> list[str]:
        """The tokens that `predict` tags."""
        return self._split.tokens([text])[0] if isinstance(text, str) else list(text)
