"""Open a trained language model in torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rnntool.data.id_file import IdFile, Ints
from rnntool.formats.rundir import Run
from rnntool.models.language_model import LanguageModel
from rnntool.runs.load import Opened, open_trained
from rnntool.tasks.lm.likelihood import Floats, likelihood_of_documents, likelihood_of_stream
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.lm.task import build_model
from rnntool.tasks.lm.text import unit_of
from rnntool.text.units import Unit


@dataclass(frozen=True)
class TrainedLanguageModel(Opened[LMSettings, LanguageModel]):
    """A language model from a run directory."""

    unit: Unit


def load_language_model(
    run: str | Run, device: str = "auto", threads: int = 0
) -> TrainedLanguageModel:
    """Open a run of `train lm`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def fresh(settings: LMSettings, run: Run) -> LanguageModel:
        return build_model(settings, len(run.vocabulary))

    opened = open_trained(run, "lm", LMSettings, fresh, device, threads)
    return TrainedLanguageModel(**vars(opened), unit=unit_of(opened.run))


class TorchScorer:
    """A `Scorer` in torch."""

    def __init__(self, trained: TrainedLanguageModel) -> None:
        self.model, self.device = trained.model, trained.device

    def documents(self, ids: IdFile, starts: Ints, stops: Ints) -> Iterator[tuple[int, Floats]]:
        """Score each document, from a zero state."""
        return likelihood_of_documents(self.model, ids, starts, stops, self.device)

    def stream(
        self, ids: IdFile, start: int, stop: int, streams: int = 1, window: int = 0
    ) -> tuple[float, int]:
        """Score the text, in `streams` parallel parts, or with a reset after `window` tokens."""
        return likelihood_of_stream(self.model, ids, start, stop, self.device, streams, window)
