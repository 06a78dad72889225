"""A sequence-to-sequence model in Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from rnntool.api.model import Model, listed
from rnntool.api.splitting import Splitter
from rnntool.data.sequences import pack_sequences
from rnntool.formats.rundir import Run
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.tasks.seq2seq.load import load_seq2seq


class Seq2Seq(Model):
    """A model of `train seq2seq`; torch computes its answers."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        self._trained = load_seq2seq(run, settings.device, settings.threads)
        self._split = Splitter(run)
        self._lock = threading.Lock()

    def predict(self, texts: Iterable[str], *, length: int = 200, beam: int = 0) -> list[str]:
        """A text for each text.

        Args:
            length: the largest number of tokens in an answer.
            beam: hypotheses of a beam search; 0: greedy.
        """
        tokens = self._split.tokens(listed(texts))
        sources = pack_sequences(self._run.vocabulary.encode(line) for line in tokens)
        with self._lock:
            return self._trained.answers(sources, length, beam)
