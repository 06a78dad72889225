"""`rnntool fill` with a language model: fill gaps from the text before them.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.language_model import States, StepModel
from rnntool.reporting import Reporter
from rnntool.runs.cloze import FORWARD, Floats
from rnntool.runs.inference_settings import FillSettings
from rnntool.runs.open import fitting_weights
from rnntool.tasks.lm.generate import make_engine
from rnntool.tasks.lm.text import unit_of
from rnntool.text.gap import Filled


class ForwardFiller:
    """A language model, which uses the text before a gap."""

    views = (FORWARD,)

    def __init__(self, engine: StepModel, run: Run) -> None:
        self.engine, self.vocabulary = engine, run.vocabulary
        self.start = unit_of(run).start

    def choices(self, filled: Sequence[Filled]) -> list[dict[str, float]]:
        """For each choice, its log-probability in nats after the text before the gap."""
        log_p, states = self._after(filled[0].tokens[: filled[0].start])
        return [{FORWARD: self._nats(choice.own, log_p, states)} for choice in filled]

    def words(self, before: list[str], after: list[str]) -> dict[str, Floats]:
        """[V] log-probabilities of all tokens; the text after the gap is not read."""
        log_p, _ = self._after(before)
        return {FORWARD: log_p.astype(np.float64)}

    def _after(self, tokens: list[str]) -> tuple[Floats, States]:
        """[V] log-probabilities of the next token, and the states."""
        states = self.engine.zero_states()
        for number in self.vocabulary.encode([self.start, *tokens]):
            log_p, states = self.engine.step(np.array([number]), states)
        return log_p[0], states

    def _nats(self, tokens: list[str], log_p: Floats, states: States) -> float:
        total = 0.0
        numbers = self.vocabulary.encode(tokens)
        for n, number in enumerate(numbers):
            total += float(log_p[number])
            if n + 1 < len(numbers):
                (log_p,), states = self.engine.step(np.array([number]), states)
        return total


def open_filler(run: Run, settings: FillSettings, report: Reporter) -> ForwardFiller:
    """The filler of a run of `train lm`.

    Raises:
        UserError: its weights cannot be used.
    """
    with fitting_weights(run):
        engine = make_engine(run, read_weights(run.weights), None, report)
    return ForwardFiller(engine, run)
