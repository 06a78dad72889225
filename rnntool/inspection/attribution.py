"""Why a model answers as it does: each token's contribution to the answer for one text.

ig             integrated gradients on the token vectors, from zero vectors to the real ones:
               x_t · ∫₀¹ ∂F/∂x_t (α x) dα (Sundararajan, Taly and Yan 2017, "Axiomatic Attribution
               for Deep Networks", equation 1). They add up to F(x) - F(0).
gradient       x_t · ∂F/∂x_t (x): the first step of a Taylor series, at the text itself
leave-one-out  F of the text minus F of the text without the token

F is a score: the logit of a label against the rest, log p / (1 - p), in nats.

Shapes: T tokens, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnntool.errors import UserError, one_of
from rnntool.formats.rundir import Run
from rnntool.inspection.engines import Engine, Floats, probabilities
from rnntool.inspection.integrate import integrate

TOLERANCE = 0.01  # share of (score - baseline score), and of the sum of absolute contributions
_MOST = 1 << 13  # maximum number of points on the path


@dataclass(frozen=True)
class Attribution:
    """One answer explained."""

    text: str
    tokens: list[str]  # the T tokens that the model reads
    label: str  # the label whose score is explained
    probability: float  # of that label
    attributions: list[float]  # each token's contribution to the score, in nats
    running: list[dict[str, float] | None]
    """p of every label if the text ended after each token; None before a tagger's token."""
    score: float  # log p / (1 - p), in nats
    baseline_score: float  # the score if every token's vector is zero
    points: int = 1  # number of gradients computed along the path
    place: int | None = None  # for a tagger, the index of the token, from 0

    @property
    def residual(self) -> float:
        """Score minus baseline score minus the sum of attributions, in nats; near 0 for `ig`."""
        return self.score - self.baseline_score - sum(self.attributions)

    @property
    def relative_residual(self) -> float:
        """The residual as a share of |score - baseline score|; 0 if that is 0."""
        total = abs(self.score - self.baseline_score)
        return abs(self.residual) / total if total else 0.0

    @property
    def curve(self) -> list[float | None]:
        """p of the explained label if the text ended after each token."""
        return [None if p is None else p[self.label] for p in self.running]

    @property
    def answers(self) -> list[str | None]:
        """The likeliest label if the text ended after each token."""
        return [None if p is None else max(p, key=p.__getitem__) for p in self.running]


class Explainer:
    """Explains the answers of a run of `train classify` or `train tag`.

    The NumPy cells compute it without torch, if they support the run's model.

    Args:
        method: one of registry.EXPLANATIONS.

    Raises:
        UserError: the run's weights cannot be used, or it has only one label.
    """

    def __init__(self, run: Run, method: str = "ig") -> None:
        if len(run.labels) < 2 and not run.config.settings.get("multi_label"):
            raise UserError("knows one label alone: there is nothing to explain", where=run.path,
                            hint="train with two labels or more")  # fmt: skip
        self.run, self.labels, self.method = run, run.labels, method
        self.tags = run.config.task == "tag"
        self.engine = _open_engine(run)

    def read(self, tokens: Sequence[str]) -> list[str]:
        """The tokens of a text that the model reads: all, or the first `--max-length`."""
        return list(tokens)[: self.run.config.settings.get("max_length") or None]

    def explain(
        self, tokens: Sequence[str], text: str | None = None, label: str | None = None,
        place: int | None = None,
    ) -> Attribution:  # fmt: skip
        """Explain the answer to one text.

        Args:
            tokens: the text's tokens, at least one.
            text: the original text; None: the tokens, joined by spaces.
            label: the label whose score is explained; None: the predicted one.
            place: for a tagger, the index of the token, from 0.

        Raises:
            UserError: there is no such label, or no token.
        """
        tokens = self.read(tokens)
        if not tokens:
            raise UserError("a text without a token has no answer to explain", hint="give a word")
        number = None if label is None else label_number(self.run, label)
        running = self._running(tokens, place)
        last = running[-1]
        number = int(last.argmax()) if number is None else number
        shares, score, baseline, points = self._shares(tokens, number, place)
        ps = [dict(zip(self.labels, row, strict=True)) for row in probabilities(running).tolist()]
        before = [None] * (place or 0)
        return Attribution(
            " ".join(tokens) if text is None else text, tokens, self.labels[number],
            ps[-1][self.labels[number]], shares.tolist(), [*before, *ps], score, baseline,
            points, place,
        )  # fmt: skip

    def shares(self, tokens: Sequence[str], label: str, place: int | None = None) -> list[float]:
        """The attributions of `explain` alone, for the tokens that `read` returns.

        Without the running answers, their time grows with T, not with its square.

        Raises:
            UserError: there is no such label.
        """
        number = label_number(self.run, label)
        found: list[float] = self._shares(self.read(tokens), number, place)[0].tolist()
        return found

    def _running(self, tokens: list[str], place: int | None) -> Floats:
        """[T, C] scores of each beginning of the text; for a tagger, from its token on."""
        beginnings = [tokens[:n] for n in range((place or 0) + 1, len(tokens) + 1)]
        return self.engine.scores(beginnings, self._places(place, len(beginnings)))

    def _places(self, place: int | None, count: int) -> list[int] | None:
        return None if place is None else [place] * count

    def _shares(
        self, tokens: list[str], label: int, place: int | None
    ) -> tuple[Floats, float, float, int]:
        """[T] attributions, the score, the baseline's score, and the number of points."""

        def along(scales: Floats) -> tuple[Floats, Floats]:
            return self.engine.along(tokens, scales, label, place)

        if self.method == "ig":
            found = integrate(along, TOLERANCE, _MOST)
            return found.parts, found.end, found.start, found.points
        scores, products = along(np.array([0.0, 1.0]))
        baseline, score = scores.tolist()
        if self.method == "gradient":
            return products[1], score, baseline, 1
        return score - self._without(tokens, label, place), score, baseline, len(tokens)

    def _without(self, tokens: list[str], label: int, place: int | None) -> Floats:
        """[T] scores of the text without each token; for a tagger's token, its vector is zeroed."""
        rows = [tokens[:t] + tokens[t + 1 :] for t in range(len(tokens))]
        if place is None:
            return self.engine.scores(rows)[:, label]
        found = np.empty(len(tokens))
        others = [t for t in range(len(tokens)) if t != place]
        found[place] = self.engine.blanked(tokens, place)[label]
        if others:
            places = [place - (t < place) for t in others]
            found[others] = self.engine.scores([rows[t] for t in others], places)[:, label]
        return found


def label_number(run: Run, label: str) -> int:
    """The number of a label.

    Raises:
        UserError: the run has no such label.
    """
    if label not in run.labels:
        raise UserError(f"label {label!r} was not seen in training", where=run.path,
                        hint=one_of(label, run.labels))  # fmt: skip
    return run.labels.index(label)


def _open_engine(run: Run) -> Engine:
    """The NumPy engine if it supports the run's model, otherwise torch's.

    Raises:
        UserError: the weights do not fit the settings.
    """
    from rnntool.inspection.numpy_engine import NumpyEngine, can_explain

    if not can_explain(run):
        from rnntool.inspection.torch_engine import open_engine

        return open_engine(run)
    try:
        engine = NumpyEngine(run)
    except (KeyError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"do not fit the model: {reason}", where=run.weights) from None
    if len(engine.W) != len(run.labels):
        raise UserError(f"do not fit the model: {len(engine.W)} classes, and {len(run.labels)}"
                        " labels", where=run.weights)  # fmt: skip
    return engine
