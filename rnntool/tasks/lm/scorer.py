"""Score texts with a language model: short ones in NumPy, others in torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.data.id_file import IdFile, Ints
from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.language_model import NumpyLanguageModel, can_step
from rnntool.inference.likelihood import log_likelihoods
from rnntool.machine import may_have_gpu
from rnntool.reporting import Reporter
from rnntool.runs.answerer import TORCH_ANSWERS
from rnntool.runs.inference_settings import InferenceSettings
from rnntool.runs.open import fitting_weights

Floats = NDArray[np.float64]
_SHORT = 20_000  # tokens that NumPy scores in less time than importing torch takes


class Scorer(Protocol):
    """A language model that computes the log-likelihood of texts."""

    def documents(self, ids: IdFile, starts: Ints, stops: Ints) -> Iterator[tuple[int, Floats]]:
        """Log-likelihoods in nats of the tokens after the first of each document, in any order."""

    def stream(
        self, ids: IdFile, start: int, stop: int, streams: int = 1, window: int = 0
    ) -> tuple[float, int]:
        """Log-likelihood in nats of the tokens after `start`, and their number."""


class NumpyScorer:
    """A `Scorer` in NumPy."""

    def __init__(self, run: Run) -> None:
        with fitting_weights(run):
            self.engine = NumpyLanguageModel(run.config.settings["cell"], read_weights(run.weights))

    def documents(self, ids: IdFile, starts: Ints, stops: Ints) -> Iterator[tuple[int, Floats]]:
        """Score each document, from a zero state."""
        pairs = zip(starts.tolist(), stops.tolist(), strict=True)
        return log_likelihoods(self.engine, [ids.read(start, stop + 1) for start, stop in pairs])

    def stream(
        self, ids: IdFile, start: int, stop: int, streams: int = 1, window: int = 0
    ) -> tuple[float, int]:
        """Score the text as one stream, with the state carried through it."""
        assert streams == 1
        assert window == 0
        ((_, values),) = log_likelihoods(self.engine, [ids.read(start, stop)])
        return float(values.sum()), len(values)


def open_scorer(
    run: Run, tokens: int, settings: InferenceSettings, report: Reporter, *, plain: bool = True
) -> Scorer:
    """The scorer that is fastest for this number of tokens.

    Args:
        plain: whether the text is one stream, or separate documents.

    Raises:
        UserError: the run's weights cannot be used.
    """
    wanted = settings.device != "cuda" and not (settings.device == "auto" and may_have_gpu())
    if plain and wanted and tokens <= _SHORT and can_step(run.config.settings):
        return NumpyScorer(run)
    report.detail(TORCH_ANSWERS)
    from rnntool.tasks.lm.load import TorchScorer, load_language_model

    return TorchScorer(load_language_model(run, settings.device, settings.threads))
