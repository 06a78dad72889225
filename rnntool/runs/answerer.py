"""Choose who computes predictions: NumPy, which needs no torch import, or torch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sized
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.formats.weights import open_weights, read_shapes
from rnntool.machine import may_have_gpu, usable_cores
from rnntool.models.tensor_names import TOKEN_VECTORS, products_of_a_token
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.runs.open import fitting_weights

TORCH_ANSWERS = "torch computes the answers"
# Where there may be a GPU, NumPy answers for about as long as torch and the GPU take to start,
# three seconds: a core computes so many products meanwhile. They are counted, and not the seconds,
# so that the same input is always answered in the same way.
_WORK = 100e9
_FEW = 24  # texts that are not worth a start, whatever was answered before

Floats = NDArray[np.float64]
E = TypeVar("E")
Q = TypeVar("Q", bound=Sized)


class Answering(ABC, Generic[Q]):
    """A run that predicts without delay, and fast for large inputs.

    NumPy computes what it can. Torch computes the models that NumPy cannot, and where there may be
    a GPU, what would keep the cores busy for longer than torch takes to start. Once torch is
    loaded, it computes everything.

    Args:
        able: whether NumPy can compute the run's model.
    """

    def __init__(self, run: Run, able: bool, settings: AnswerSettings, report: Reporter) -> None:
        self.run, self.settings, self.report = run, settings, report
        self._able = able and not settings.ensemble and settings.device != "cuda"
        self._left = math.inf  # products that NumPy may still do
        if settings.device == "auto" and may_have_gpu():
            self._left = _WORK * (settings.threads or usable_cores())
        self._numpy: Callable[[Q], Floats] | None = None
        self._torch: Callable[[Q], Floats] | None = None

    def open(self) -> None:
        """Load the NumPy model, before any input is read.

        Raises:
            UserError: the run's weights cannot be used.
        """
        if self._able:
            self._numpy = self._numpy or self.open_numpy()

    def probabilities(self, asked: Q) -> Floats:
        """[N, C] probabilities, in the order of the input."""
        if self._torch is None and self._numpy_answers(asked):
            if self._numpy is None:  # not before, since torch may compute everything
                self._numpy = self.open_numpy()
            return self._numpy(asked)
        if self._torch is None:
            self.report.detail(TORCH_ANSWERS)
            self._torch = self.open_torch()
        return self._torch(asked)

    def _numpy_answers(self, asked: Q) -> bool:
        if not self._able or self._left == math.inf or len(asked) <= _FEW:
            return self._able
        self._left -= self.tokens(asked) * self._products
        return self._left >= 0

    @cached_property
    def _products(self) -> int:
        """For one token."""
        return products_of_a_token(read_shapes(self.run.weights))

    @abstractmethod
    def tokens(self, asked: Q) -> int:
        """The number of tokens in an input."""

    @abstractmethod
    def open_numpy(self) -> Callable[[Q], Floats]:
        """The NumPy function from an input to probabilities."""

    @abstractmethod
    def open_torch(self) -> Callable[[Q], Floats]:
        """The torch function from an input to probabilities."""


def open_numpy_model(
    run: Run,
    make: Callable[[Mapping[str, Any], Mapping[str, Any]], E],
    ask: Callable[[E], Floats],
) -> E:
    """A NumPy model from the run's settings and weights.

    Args:
        ask: computes [1, C] for the largest token numbers, to check that the weights fit.

    Raises:
        UserError: the weights do not fit the settings, the vocabulary or the labels.
    """
    with fitting_weights(run):
        engine = make(run.config.settings, open_weights(run.weights, by_row=[TOKEN_VECTORS]))
        classes = ask(engine).shape[1]
    if classes != len(run.labels):
        raise UserError(f"do not fit the model: {classes} classes, but {len(run.labels)} labels",
                        where=run.weights)  # fmt: skip
    return engine
