"""A trained model in Python, whatever its task."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.machine import short_spin
from rnntool.registry import DEVICES
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.runs.open import open_run

if TYPE_CHECKING:
    from rnntool.inspection.attribution import Attribution

Floats = NDArray[np.floating[Any]]
T = TypeVar("T")

_CLASSES = {  # task -> module and class
    "classify": ("classifier", "Classifier"),
    "tag": ("tagger", "Tagger"),
    "lm": ("language_model", "LanguageModel"),
    "bilm": ("bilm", "BiLM"),
    "seq2seq": ("seq2seq", "Seq2Seq"),
    "forecast": ("forecaster", "Forecaster"),
}


def load(run: str | os.PathLike[str], *, device: str = "auto", threads: int = 0) -> Model:
    """Open a trained model.

    Args:
        run: a run directory, or the name of a bundled model.
        device: `auto`, `cpu` or `cuda`. Where the NumPy cells can answer, `auto` and `cpu` do
            without torch.
        threads: CPU threads; 0: all cores.

    Raises:
        UserError: it is not a run, it is damaged, or its task has no Python interface.
    """
    if device not in DEVICES:
        raise UserError(f"device is {device!r}", hint=f"expected one of: {', '.join(DEVICES)}")
    short_spin()  # of torch's threads, where no one has imported torch yet
    opened = open_run(os.fspath(run))
    if opened.config.task not in _CLASSES:
        raise UserError(f"a run of train {opened.config.task} cannot be loaded in Python",
                        where=run, hint="use the commands: rnntool --help")  # fmt: skip
    module, name = _CLASSES[opened.config.task]
    kind = getattr(importlib.import_module(f"rnntool.api.{module}"), name)
    model: Model = kind(opened, AnswerSettings(device=device, threads=threads))
    return model


class Model:
    """A trained model. Each task has some of the methods; the others raise a UserError.

    Several threads may use a model at the same time.

    Attributes:
        path: the run directory.
        task: what it was trained for: classify, tag, lm, bilm, seq2seq or forecast.
        labels: its labels or tags; empty where the task has none.
        settings: those of the training, by name.
        results: the results of the training, by name.
    """

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        self._run, self._settings = run, settings
        self.path: Path = run.path
        self.task: str = run.config.task
        self.labels: list[str] = list(run.labels)
        self.settings: dict[str, Any] = dict(run.config.settings)
        self.results: dict[str, Any] = dict(run.config.results)

    def __repr__(self) -> str:
        return f"<rnntool {self.task} model {str(self.path)!r}>"

    def predict(self, texts: Iterable[Any]) -> list[Any]:
        """The answers to texts: see the task's own class."""
        self._refuse("predict")

    def predict_proba(self, texts: Iterable[str]) -> Floats:
        """[N, C] probabilities of the labels, in the order of `labels`."""
        self._refuse("predict_proba")

    def explain(self, text: str, *, label: str | None = None, method: str = "ig") -> Attribution:
        """Each token's contribution to the answer for a text."""
        self._refuse("explain")

    def embed(self, texts: Iterable[str], *, layer: str = "top", pool: str = "none") -> Any:
        """Contextual vectors of the tokens, or one vector for each text."""
        self._refuse("embed")

    def generate(
        self, prompt: str = "", *, length: int = 500, temperature: float = 1.0, top_k: int = 0,
        top_p: float = 1.0, seed: int | None = None,
    ) -> str:  # fmt: skip
        """Text that continues a prompt."""
        self._refuse("generate")

    def score(self, texts: Iterable[str]) -> Floats:
        """Log-probabilities of texts, in nats."""
        self._refuse("score")

    def _refuse(self, method: str) -> NoReturn:
        own = [name for name, value in vars(type(self)).items()
               if callable(value) and not name.startswith("_")]  # fmt: skip
        raise UserError(f"a model of train {self.task} has no {method}()", where=self.path,
                        hint=f"it has {', '.join(f'{name}()' for name in own)}")  # fmt: skip


def refuse_one(texts: Iterable[T]) -> Iterable[T]:
    """The texts.

    Raises:
        TypeError: it is a single text (its characters would be taken for texts).
    """
    if isinstance(texts, str):
        raise TypeError("expected a list of texts, not one text: write [text]")
    return texts


def listed(texts: Iterable[str]) -> list[str]:
    """The texts as a list.

    Raises:
        TypeError: it is a single text, or an item is no text.
    """
    found = list(refuse_one(texts))
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise TypeError(f"text {number} is not a string, but {type(text).__name__}")
    return found


def in_batches(texts: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Slices of at most `size` texts."""
    return (texts[start : start + size] for start in range(0, len(texts), size))
