"""Open a trained biLM."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.formats.rundir import Run
from rnntool.models.bilm import BiLM
from rnntool.runs.load import Opened, open_trained
from rnntool.runs.spelled import spelling_of
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.bilm.task import build_model
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit


@dataclass(frozen=True)
class TrainedBiLM(Opened[BiLMSettings, BiLM]):
    """A biLM from a run directory."""

    unit: Unit


def load_bilm(run: str | Run, device: str = "auto", threads: int = 0) -> TrainedBiLM:
    """Open a run of `train bilm`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def fresh(settings: BiLMSettings, run: Run) -> BiLM:
        return build_model(settings, run.vocabulary, spelling_of(run))

    opened = open_trained(run, "bilm", BiLMSettings, fresh, device, threads)
    unit = Unit(parse_identity(opened.run.config.tokenizer), opened.settings.lines)
    return TrainedBiLM(**vars(opened), unit=unit)
