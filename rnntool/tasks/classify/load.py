"""Open a trained classifier: from tokens to probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.data.labelled import Labelled
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import split_tokens
from rnntool.formats.rundir import Run
from rnntool.models.classifier import SequenceClassifier
from rnntool.runs.features import read_sizes
from rnntool.runs.load import Opened, open_trained
from rnntool.runs.spelled import number_texts, spelling_of
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.classify.task import build_model, predict_probabilities


@dataclass(frozen=True)
class TrainedClassifier(Opened[ClassifySettings, SequenceClassifier]):
    """A classifier from a run directory."""

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        return self.run.labels

    @property
    def tokenizer(self) -> str:
        """Identity of the tokenizer that the model was trained with."""
        return self.run.config.tokenizer

    def worker_options(self, jvm_heap: int = 1024) -> WorkerOptions:
        """Options for tokenizing raw text for this model."""
        return WorkerOptions(self.tokenizer, self.run.subword_model(), jvm_heap)

    def probabilities(self, texts: Iterable[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """[N, C] probabilities of N texts given as tokens joined by one space."""
        limit = self.settings.max_length or None
        tokens = (split_tokens(text)[:limit] for text in texts)
        sequences = number_texts(self.model.input, self.run, tokens)
        data = Labelled(sequences, np.zeros(len(sequences), dtype=np.int64), 0)
        return predict_probabilities(self.model, data, self.device)


@dataclass(frozen=True)
class Ensemble:
    """Several classifiers whose probabilities are averaged."""

    members: list[TrainedClassifier]

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        return self.members[0].labels

    @property
    def tokenizer(self) -> str:
        """Identity of the tokenizer of all of them."""
        return self.members[0].tokenizer

    def worker_options(self, jvm_heap: int = 1024) -> WorkerOptions:
        """Options for tokenizing raw text for all of them."""
        return self.members[0].worker_options(jvm_heap)

    def probabilities(self, texts: Iterable[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """[N, C] probabilities of N texts given as tokens joined by one space."""
        listed = list(texts)
        mean: np.ndarray[Any, np.dtype[np.float64]] = np.mean(
            [member.probabilities(listed) for member in self.members], axis=0
        )
        return mean


def load_ensemble(
    runs: Sequence[str | Run], device: str = "auto", threads: int = 0
) -> TrainedClassifier | Ensemble:
    """Open one run of `train classify`, or several whose probabilities are averaged.

    Raises:
        UserError: a path is not a run, a run is damaged, or labels or tokenizers differ.
    """
    members = [load_classifier(run, device, threads) for run in runs]
    first = members[0]
    for member in members:
        for name, own, wanted in (
            ("labels", ", ".join(member.labels), ", ".join(first.labels)),
            ("labels per text", *(_how_many(own) for own in (member, first))),
            ("tokenizer", member.tokenizer, first.tokenizer),
        ):
            if own != wanted:
                raise UserError(f"{name} {own!r}, but {first.run.path} has {wanted!r}",
                                where=member.run.path,
                                hint="an ensemble needs the same labels and tokenizer")  # fmt: skip
    return first if len(members) == 1 else Ensemble(members)


def _how_many(member: TrainedClassifier) -> str:
    return "several" if member.settings.multi_label else "one"


def load_classifier(run: str | Run, device: str = "auto", threads: int = 0) -> TrainedClassifier:
    """Open a run of `train classify`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def fresh(settings: ClassifySettings, run: Run) -> SequenceClassifier:
        return build_model(
            settings, run.vocabulary, len(run.labels), read_sizes(run), spelling_of(run)
        )

    opened = open_trained(run, "classify", ClassifySettings, fresh, device, threads)
    return TrainedClassifier(**vars(opened))
