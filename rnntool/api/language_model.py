"""A language model in Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from rnntool.api.model import Floats, Model, listed
from rnntool.api.splitting import Splitter
from rnntool.formats.rundir import Run
from rnntool.reporting import QuietReporter
from rnntool.runs.inference_settings import AnswerSettings, GenerateSettings
from rnntool.tasks.lm.generate import Writer, generate_pieces, open_writer
from rnntool.tasks.lm.score import score_lines
from rnntool.tasks.lm.text import number_lines


class LanguageModel(Model):
    """A model of `train lm`."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        self._split = Splitter(run)
        self._writer: Writer | None = None
        self._lock = threading.Lock()

    def generate(
        self, prompt: str = "", *, length: int = 500, temperature: float = 1.0, top_k: int = 0,
        top_p: float = 1.0, seed: int | None = None,
    ) -> str:  # fmt: skip
        """Text that continues a prompt, without the prompt; unknown tokens in it are ignored.

        Args:
            length: the largest number of tokens.
            temperature: below 1, likely tokens become more likely; 0: always the likeliest.
            top_k: draw from the k likeliest tokens; 0: from all.
            top_p: draw from the likeliest tokens with this total probability.
            seed: the same seed gives the same text; None: a different text each time.
        """
        with self._lock:
            if self._writer is None:
                self._writer = open_writer(str(self.path), QuietReporter())
        settings = GenerateSettings(
            prompt=prompt, length=length, temperature=temperature, top_k=top_k, top_p=top_p
        )
        ids, _ = self._writer.encode(prompt)
        return "".join(generate_pieces(self._writer, ids, settings, np.random.default_rng(seed)))

    def score(self, texts: Iterable[str]) -> Floats:
        """[N] log-probability of each text in nats, its end included."""
        given = listed(texts)
        lines = zip(given, self._split.tokens(given), strict=True)
        with number_lines(self._run, lines, documents=True) as text:
            scored = score_lines(self._run, text, self._settings, QuietReporter())
            return np.array([float(values.sum()) for _, values in scored])
