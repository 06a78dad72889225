"""A classifier in Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from rnntool.api.model import Floats, Model, in_batches, listed
from rnntool.api.splitting import Splitter
from rnntool.formats.rundir import Run
from rnntool.inference.encoder import can_encode
from rnntool.reporting import QuietReporter
from rnntool.runs.inference_settings import AnswerSettings
from rnntool.tasks.classify.decision import decide, decide_each, has_several
from rnntool.tasks.classify.predict import TextAnswering

if TYPE_CHECKING:
    from rnntool.inspection.attribution import Attribution, Explainer

_TOGETHER = 4096  # texts per batch, as in `rnntool predict`


class Classifier(Model):
    """A model of `train classify`."""

    def __init__(self, run: Run, settings: AnswerSettings) -> None:
        super().__init__(run, settings)
        self.multi_label: bool = has_several(run)
        able = can_encode(run.config.settings)
        self._answering = TextAnswering(run, able, settings, QuietReporter())
        self._answering.open()
        self._split = Splitter(run)
        self._explainers: dict[str, Explainer] = {}
        self._lock = threading.Lock()  # around objects that are made at their first use

    def predict(self, texts: Iterable[str]) -> list[Any]:
        """The label of each text; for a multi-label model a list of labels, likeliest first."""
        way = decide_each if self.multi_label else decide
        decisions = (way(self.labels, row) for row in self.predict_proba(texts).tolist())
        return [d.labels if self.multi_label else d.labels[0] for d in decisions]

    def predict_proba(self, texts: Iterable[str]) -> Floats:
        """[N, C] probabilities of the labels, in the order of `labels`."""
        rows = [np.zeros((0, len(self.labels)))]
        for batch in in_batches(listed(texts), _TOGETHER):
            rows.append(self._answering.probabilities(self._split.joined(batch)))
        return np.concatenate(rows)

    def explain(self, text: str, *, label: str | None = None, method: str = "ig") -> Attribution:
        """Each token's contribution to the answer for a text, as in `rnntool explain`.

        Args:
            label: the label whose score is explained; None: the predicted one.
            method: `ig`, `gradient` or `leave-one-out`.

        Raises:
            UserError: there is no such label, no such method, or no token in the text.
        """
        with self._lock:
            if method not in self._explainers:
                self._explainers[method] = self._explainer(method)
        (tokens,) = self._split.tokens(listed([text]))
        return self._explainers[method].explain(tokens, text, label)

    def _explainer(self, method: str) -> Explainer:
        from rnntool.errors import UserError, one_of
        from rnntool.inspection.attribution import Explainer
        from rnntool.registry import EXPLANATIONS

        if method not in EXPLANATIONS:
            raise UserError(f"method is {method!r}", hint=one_of(method, EXPLANATIONS))
        return Explainer(self._run, method)
