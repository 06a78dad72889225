"""`rnntool fill` with a biLM: fill gaps from the text on both sides.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnntool.formats.rundir import Run
from rnntool.inference.bilm import Reading
from rnntool.reporting import Reporter
from rnntool.runs.cloze import BACKWARD, BOTH, FORWARD, Floats
from rnntool.runs.inference_settings import FillSettings
from rnntool.tasks.bilm.reader import BiLMReader, open_reader
from rnntool.tasks.bilm.score import around
from rnntool.tasks.lm.text import unit_of
from rnntool.text.gap import Filled
from rnntool.text.vocabulary import UNK


class BothWaysFiller:
    """A biLM: its forward direction uses the text before a gap, its backward one that after it."""

    views = (FORWARD, BACKWARD, BOTH)

    def __init__(self, reader: BiLMReader, run: Run) -> None:
        self.reader, self.unit = reader, unit_of(run)
        counts = np.maximum(1, np.array(run.vocabulary.counts, dtype=np.float64))
        self.shares: Floats = np.log(counts / counts.sum())

    def choices(self, filled: Sequence[Filled]) -> list[dict[str, float]]:
        """For each choice, the views of runs/cloze.py."""
        texts = self.reader.read([around(self.unit, choice.tokens) for choice in filled])
        alone = self.reader.read([[self.unit.start, *choice.own] for choice in filled])
        found = []
        for choice, text, by_itself in zip(filled, texts, alone, strict=True):
            places = np.arange(choice.start, choice.stop) + 1  # 1 for the start token
            forward = self._nats(text.forward[places - 1], text.targets[places])
            backward = self._nats(text.backward[places + 1], text.targets[places])
            both = forward + backward - self._without_context(by_itself)
            found.append({FORWARD: forward, BACKWARD: backward, BOTH: both})
        return found

    def words(self, before: list[str], after: list[str]) -> dict[str, Floats]:
        """For each view, [V] log-probabilities of single tokens in the gap."""
        (text,) = self.reader.read([around(self.unit, [*before, UNK, *after])])
        place = len(before) + 1  # the gap, which its neighbours have not read
        sides = np.stack([text.forward[place - 1], text.backward[place + 1]])
        forward, backward = self.reader.log_probabilities(sides).astype(np.float64)
        both = forward + backward - self.shares[: len(forward)]
        return {FORWARD: forward, BACKWARD: backward, BOTH: both}

    def _without_context(self, reading: Reading) -> float:
        """ln p(c): the first token's frequency, then the forward direction for the others."""
        inner = self._nats(reading.forward[1:-1], reading.targets[2:])
        return float(self.shares[reading.targets[1]]) + inner

    def _nats(self, known: Floats, targets: np.ndarray) -> float:
        """The sum of the targets' log-probabilities, from the features before each."""
        if not len(targets):
            return 0.0
        values = self.reader.log_probabilities(known)
        return float(values[np.arange(len(targets)), targets].astype(np.float64).sum())


def open_filler(run: Run, settings: FillSettings, report: Reporter) -> BothWaysFiller:
    """The filler of a run of `train bilm`.

    Raises:
        UserError: its weights cannot be used.
    """
    return BothWaysFiller(open_reader(run, settings, report), run)
