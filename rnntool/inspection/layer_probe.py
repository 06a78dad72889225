"""What each layer of a network represents: a linear classifier on its frozen states.

Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes"; for
a biLM's layers Peters et al. 2018, §5.3. A probe shows what a linear classifier can predict from a
layer, not what the network uses it for.

Shapes: M labelled texts or words, F features of a layer.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.rundir import require_command
from rnntool.inspection.layer_states import VECTORS, open_layers
from rnntool.inspection.probe_data import (
    Asked,
    Floats,
    at_most,
    features,
    read_asked,
    split,
    sums_by_text,
)
from rnntool.inspection.settings import ProbeSettings
from rnntool.reporting import Reporter
from rnntool.runs.metrics import Table
from rnntool.runs.open import open_run
from rnntool.runs.paired import paired_bootstrap

Bools = NDArray[np.bool_]
_STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # C of the regression, its inverse regularisation
_ROUNDS = 300  # maximum number of its optimizer's iterations
_VALIDATION = 0.2  # share of the training texts on which C is chosen


@dataclass(frozen=True)
class Row:
    """The result of the probe on one layer."""

    layer: str
    features: int
    accuracy: float
    low: float  # 95 % interval
    high: float
    gain: float | None  # improvement over the row above
    gain_low: float | None
    gain_high: float | None
    c: float | None  # the regression's inverse regularisation, chosen on validation texts


@dataclass(frozen=True)
class Probed:
    """All layers of a run."""

    of: str
    classes: int
    train: int
    test: int
    rows: list[Row]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return asdict(self)

    def table(self) -> Table:
        """One row per layer."""
        columns = [f"{self.test:,} {self.of}", "accuracy", "95 % from", "to",
                   "over the row above", "95 % from", "to"]  # fmt: skip
        rows: list[list[Any]] = []
        for row in self.rows:
            gains = (row.gain, row.gain_low, row.gain_high)
            shown = ["" if gain is None else f"{gain:+.4f}" for gain in gains]
            rows.append([row.layer, row.accuracy, row.low, row.high, *shown])
        return columns, rows


def probe_layers(path: str, data: str, settings: ProbeSettings, report: Reporter) -> Probed:
    """Train a probe on each layer's states, and test it on texts held out.

    Raises:
        UserError: run or data cannot be used, or the data have only one label.
    """
    run = require_command(open_run(path), "probe")
    run.note(report)
    states = open_layers(run, settings.device, settings.threads)
    train = read_asked(data, run, settings, report)
    if settings.test is None:
        if len(train.texts) < 2:
            raise UserError("holds a single text or sentence: nothing to test on", where=data)
        train, test = split(train, settings.held_out, settings.seed)
    else:
        test = read_asked(settings.test, run, settings, report)
    if test.of != train.of:
        raise UserError(f"holds {test.of}, and {data} {train.of}", where=settings.test,
                        hint="give --of texts or --of words")  # fmt: skip
    train, test = (at_most(own, settings.limit, settings.seed) for own in (train, test))
    known = Counter(train.every_label().tolist())
    if len(known) < 2:
        raise UserError(f"its training part has one label only, {next(iter(known))!r}", where=data)
    report.note(f"{len(train.texts):,} texts to train on, {len(test.texts):,} to test on")
    if VECTORS not in states.names:
        report.note(f"{path}: its input is one-hot: there are no token vectors to probe")
    return _probed(train, test, states, settings, report)


def _probed(
    train: Asked, test: Asked, states: Any, settings: ProbeSettings, report: Reporter
) -> Probed:
    ours, truth = train.every_label(), test.every_label()
    majority = Counter(ours.tolist()).most_common(1)[0][0]
    rows = [_row(f"majority ({majority})", 0, None, test, truth == majority, None, settings)]
    above = truth == majority
    pairs = list(zip(states.names, features(train, states, settings.pool),
                     features(test, states, settings.pool), strict=True))  # fmt: skip
    with report.progress("probing", len(pairs), "layers") as progress:
        for name, x, x_test in pairs:
            model, c = _fit(x, ours, train.owners(), settings)
            right = model.predict(x_test) == truth
            shown = "static embedding" if name == VECTORS else name
            rows.append(_row(shown, x.shape[1], c, test, right, above, settings))
            above = right
            progress.advance()
    return Probed(train.of, len(set(ours.tolist())), len(ours), len(truth), rows)


def _row(
    name: str,
    width: int,
    c: float | None,
    test: Asked,
    right: Bools,
    above: Bools | None,
    settings: ProbeSettings,
) -> Row:
    """The accuracy with its interval; the bootstrap draws whole texts, whose words are similar."""
    own = sums_by_text(test, right)
    nothing = np.stack([np.zeros(len(own)), own[:, 1]], axis=1)
    found = paired_bootstrap("accuracy", nothing, own, settings.resamples, settings.seed)
    if above is None:
        return Row(name, width, found.b, found.low, found.high, None, None, None, c)
    gain = paired_bootstrap("accuracy", sums_by_text(test, above), own, settings.resamples,
                            settings.seed)  # fmt: skip
    return Row(name, width, found.b, found.low, found.high, gain.difference, gain.low, gain.high, c)


def _fit(
    x: Floats, labels: NDArray[Any], owners: NDArray[np.int64], settings: ProbeSettings
) -> tuple[Any, float]:
    """A regression with the C that is best on validation texts, then trained on all texts."""
    texts = int(owners[-1]) + 1
    drawn = np.random.default_rng(settings.seed).random(texts) < _VALIDATION
    held = drawn[owners]
    best = settings.c
    if best is None and held.any() and len(set(labels[~held].tolist())) > 1:
        scores = [
            float((_regression(x[~held], labels[~held], c).predict(x[held]) == labels[held]).mean())
            for c in _STRENGTHS
        ]
        best = _STRENGTHS[int(np.argmax(scores))]
    best = 0.01 if best is None else best
    return _regression(x, labels, best), best


def _regression(x: Floats, labels: NDArray[Any], c: float) -> Any:
    """Logistic regression on standardised features.

    It uses one thread: scikit-learn's threads use the CPU while they wait for each other. On a
    shared machine two of them took twenty times as long as one.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the last iterations change no prediction
        return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=_ROUNDS)).fit(
            x, labels
        )
