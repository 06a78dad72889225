"""A forward and a backward language model in Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from rnntool.api.model import Floats, Model, listed
from rnntool.api.splitting import Splitter
from rnntool.formats.rundir import Run
from rnntool.inference.bilm import likelihoods
from rnntool.reporting import QuietReporter
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.tasks.bilm.reader import BiLMReader, open_reader
from rnntool.tasks.bilm.score import around
from rnntool.tasks.lm.text import unit_of

if TYPE_CHECKING:
    from rnntool.tasks.bilm.load import TrainedBiLM


class BiLM(Model):
    """A model of `train bilm`."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        self._split = Splitter(run)
        self._reader: BiLMReader | None = None
        self._trained: TrainedBiLM | None = None
        self._lock = threading.Lock()

    def embed(self, texts: Iterable[str], *, layer: str = "top", pool: str = "none") -> Any:
        """Contextual vectors of F features: the states of both directions side by side.

        Args:
            layer: `top`, `mean` of all layers, or a number; 0 is the token vector itself.
            pool: `mean`, `max` or `last` of a text's tokens; `none`: a vector for each token.

        Returns:
            A list of N arrays [T, F]; with `pool`, one array [N, F].
        """
        from rnntool.tasks.bilm.embed import check_layer, embed_tokens

        trained = self._load()
        check_layer(trained, layer)
        found = embed_tokens(trained, self._split.tokens(listed(texts)), layer, pool)
        if pool == "none":
            return [text.vectors for text in found]
        return np.concatenate([text.vectors for text in found]) if found else np.zeros((0, 0))

    def _load(self) -> TrainedBiLM:
        from rnntool.tasks.bilm.load import load_bilm

        with self._lock:
            if self._trained is None:
                settings = self._settings
                self._trained = load_bilm(self._run, settings.device, settings.threads)
        return self._trained

    def score(self, texts: Iterable[str]) -> Floats:
        """[N, 2] log-probability of each text in nats: forward and backward."""
        unit = unit_of(self._run)
        with self._lock:
            if self._reader is None:
                self._reader = open_reader(self._run, self._settings, QuietReporter())
        whole = [around(unit, tokens) for tokens in self._split.tokens(listed(texts))]
        ways = likelihoods(self._reader, self._reader.read(whole))
        return np.array([[f.sum(), b.sum()] for f, b in ways]).reshape(-1, 2)
