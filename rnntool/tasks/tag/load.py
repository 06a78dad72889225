"""Open a trained tagger in torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnntool.data.tagged import Tagged
from rnntool.formats.rundir import Run
from rnntool.models.tagger import SequenceTagger
from rnntool.runs.features import read_sizes
from rnntool.runs.load import Opened, open_trained
from rnntool.tasks.tag.reader import TagReader, tag_reader
from rnntool.tasks.tag.settings import TagSettings
from rnntool.tasks.tag.task import build_model, tag_probabilities


@dataclass(frozen=True)
class TrainedTagger(Opened[TagSettings, SequenceTagger]):
    """A tagger from a run directory."""

    reader: TagReader

    def probabilities(self, data: Tagged) -> NDArray[np.float64]:
        """[M, C] for the tokens of all sentences, in order."""
        return tag_probabilities(self.model, data, self.device)[0]


def load_tagger(run: str | Run, device: str = "auto", threads: int = 0) -> TrainedTagger:
    """Open a run of `train tag`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def fresh(settings: TagSettings, run: Run) -> SequenceTagger:
        characters = tag_reader(run, settings).characters
        return build_model(settings, run.vocabulary, characters, run.labels, read_sizes(run))

    opened = open_trained(run, "tag", TagSettings, fresh, device, threads)
    return TrainedTagger(**vars(opened), reader=tag_reader(opened.run, opened.settings))
