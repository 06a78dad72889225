"""The model's answer after each token of a text.

Shapes: T time, C classes, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.classifier import NumpyClassifier
from rnntool.inference.language_model import NumpyLanguageModel


class Answer(NamedTuple):
    """The model's answer after one token."""

    step: int
    token: str
    output: dict[str, float]  # the likeliest labels or next tokens, with their probabilities
    next: str | None = None  # for a language model: the actual next token
    surprise: float | None = None  # -log p of that token, in nats


def likeliest(p: NDArray[Any], names: Sequence[str], top: int) -> dict[str, float]:
    """The `top` largest probabilities with their names, largest first."""
    return {names[i]: float(p[i]) for i in np.argsort(-p, kind="stable")[:top]}


def class_answers(run: Run, tokens: Sequence[str], top: int) -> list[Answer]:
    """A classifier's prediction for each beginning of the text, as in `predict`.

    Each beginning is computed separately, because the backward direction and the pooling depend on
    where the text ends.
    """
    engine = NumpyClassifier(run.config.settings, read_weights(run.weights))
    ids = run.vocabulary.encode(tokens)
    beginnings = [ids[: t + 1] for t in range(len(ids))]
    rows = zip(tokens, engine.probabilities(beginnings), strict=True)
    return [Answer(t, token, likeliest(p, run.labels, top)) for t, (token, p) in enumerate(rows, 1)]


def next_tokens(run: Run, tokens: Sequence[str], top: int, first: int = 1) -> list[Answer]:
    """A language model's likeliest next tokens at each step, and the surprise of the actual one.

    Args:
        first: number of the first step.
    """
    engine = NumpyLanguageModel(run.config.settings["cell"], read_weights(run.weights))
    names, ids = run.vocabulary.tokens, np.array(run.vocabulary.encode(tokens))
    states, answers = engine.zero_states(), []
    for t, token in enumerate(tokens):
        log_p, states = engine.step(ids[t : t + 1], states)
        shown = likeliest(np.exp(log_p[0].astype(np.float64)), names, top)
        more = t + 1 < len(tokens)
        surprise = -float(log_p[0][ids[t + 1]]) if more else None
        came = tokens[t + 1] if more else None
        answers.append(Answer(first + t, token, shown, came, surprise))
    return answers
