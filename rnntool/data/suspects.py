"""Labels that look wrong: a simple model that was not trained on the row is sure of another label.

A logistic regression over character n-grams is trained on two thirds of the rows and predicts the
last third, three times in turn (Northcutt et al. 2021, "Confident Learning", without its counts).
It takes seconds and makes mistakes: a person should read the rows that it finds.

Shapes: N rows, C labels.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.reporting import Reporter

_MOST = 20_000  # rows that are checked; of a larger file, a sample
_SURE = 0.9  # the least probability of another label
_DOUBT = 0.05  # the largest probability of the row's label
_FOLDS = 3


@dataclass(frozen=True)
class Suspect:
    """A row whose label looks wrong."""

    line: int
    label: str
    looks_like: str
    probability: float  # of the label that it looks like
    text: str


class LabelledSample:
    """A random sample of a stream of rows, by a fixed seed; all of them if they are few."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, str]] = []  # line, label, text
        self.seen = 0
        self._draw = random.Random(1)

    def add(self, line: int, label: str, text: str) -> None:
        """Add a row, which may replace another one."""
        self.seen += 1
        if len(self.rows) < _MOST:
            self.rows.append((line, label, text))
        elif (place := self._draw.randrange(self.seen)) < _MOST:
            self.rows[place] = (line, label, text)


def find_suspects(sample: LabelledSample, report: Reporter) -> list[Suspect]:
    """The rows whose labels look wrong, the surest first; rare labels are not checked."""
    counts = Counter(label for _, label, _ in sample.rows)
    rows = [row for row in sample.rows if counts[row[1]] >= 2 * _FOLDS]
    names = sorted({label for _, label, _ in rows})
    if len(names) < 2:
        return []
    numbers = {name: number for number, name in enumerate(names)}
    truth = np.array([numbers[label] for _, label, _ in rows])
    probabilities = _asked_when_unseen([text for *_, text in rows], truth, report)
    own = probabilities[np.arange(len(rows)), truth]
    other = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    found = np.flatnonzero((other != truth) & (sure >= _SURE) & (own <= _DOUBT))
    found = found[np.argsort(own[found] - sure[found], kind="stable")]
    return [
        Suspect(rows[n][0], rows[n][1], names[other[n]], float(sure[n]), rows[n][2])
        for n in found.tolist()
    ]


def _asked_when_unseen(texts: list[str], truth: Any, report: Reporter) -> Any:
    """[N, C] probabilities by models that were not trained on the row."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold

    bag = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3), n_features=1 << 18)
    features = bag.transform(texts)
    found = np.zeros((len(texts), int(truth.max()) + 1))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=1)
    with report.progress("looking for wrong labels", _FOLDS, "parts") as progress:
        for train, held in folds.split(features, truth):
            model = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=10, tol=None,
                                  random_state=1)  # fmt: skip
            model.fit(features[train], truth[train])
            found[held] = model.predict_proba(features[held])
            progress.advance()
    return found
