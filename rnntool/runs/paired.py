"""Compare two models on the same rows: intervals and exact tests of their difference.

Shapes: N rows, R resamples, K distinct rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.runs.metrics import Table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MCNEMAR, SIGN = "McNemar's exact test", "sign test"
_NUMBERS = 4_000_000  # maximum size of a block of resamples, to limit its memory


@dataclass(frozen=True)
class Difference:
    """A figure of both models, and its difference with a 95 % interval."""

    figure: str
    a: float
    b: float
    difference: float  # b - a
    low: float
    high: float


@dataclass(frozen=True)
class ExactTest:
    """How often both, one or none of the models is right, and an exact test of the difference."""

    test: str  # its name
    of: str  # what is counted, such as documents, tokens or lines
    both: int
    only_a: int
    only_b: int
    neither: int
    p: float


def paired_bootstrap(figure: str, a: Floats, b: Floats, resamples: int, seed: int) -> Difference:
    """The difference of two ratios of sums, with the percentile interval of a paired bootstrap.

    Rows are drawn with replacement, the same rows for both models (Efron and Tibshirani 1993,
    chapter 13). A mean over rows is such a ratio, and so are F1 and the accuracy over tokens when
    whole sentences are drawn.

    Args:
        figure: name of the figure.
        a: [N, 2] numerator and denominator of each row, for one model.
        b: the same for the other model.
        resamples: how many times N rows are drawn.
        seed: random seed.
    """
    rows, counts = np.unique(np.hstack([a, b]), axis=0, return_counts=True)
    whole = _ratios(counts[None] @ rows)[0]
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, size := max(1, _NUMBERS // len(rows))):
        # How often each distinct row is drawn: a draw of N rows with replacement is multinomial.
        times = rng.multinomial(len(a), counts / len(a), min(size, resamples - start))
        ratios = _ratios(times @ rows)
        drawn.append(ratios[:, 1] - ratios[:, 0])
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5])
    return Difference(figure, float(whole[0]), float(whole[1]), float(whole[1] - whole[0]),
                      float(low), float(high))  # fmt: skip


def _ratios(sums: Floats) -> Floats:
    """[R, 4] -> [R, 2] ratios of both models; 0 where the denominator is 0."""
    found: Floats = sums[:, 0::2] / np.where(sums[:, 1::2] == 0, 1, sums[:, 1::2])
    return found


def exact_test(test: str, right_a: Bools, right_b: Bools, of: str) -> ExactTest:
    """McNemar's exact test, two-sided, of whether both models are equally good.

    Among the rows that only one model gets right, the number that `a` gets right is binomial with
    p = 1/2 if the models are equally good (McNemar 1947). For lines to which either model gives the
    higher probability, this is the sign test.
    """
    from scipy.stats import binomtest

    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    both = int((right_a & right_b).sum())
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return ExactTest(test, of, both, only_a, only_b, len(right_a) - both - only_a - only_b, p)


def mean(values: Floats) -> Floats:
    """[N, 2] numerators and denominators of the mean of [N] values."""
    return np.stack([values, np.ones(len(values))], axis=1)


@dataclass(frozen=True)
class Paired:
    """The results of two runs on the same rows."""

    of: str  # what a row is, such as documents, sentences or lines
    rows: int
    figures: list[tuple[str, Floats, Floats]]  # name, and [N, 2] of each run for the bootstrap
    exact: ExactTest
    headings: list[str]
    differing: list[list[Any]]  # the rows with different results, in order

    def compared(self, resamples: int, seed: int) -> Comparison:
        """The figures with their intervals."""
        found = [paired_bootstrap(*figure, resamples, seed) for figure in self.figures]
        return Comparison(self.of, self.rows, found, self.exact, len(self.differing))


@dataclass(frozen=True)
class Comparison:
    """The comparison of two runs."""

    of: str
    rows: int
    figures: list[Difference]
    exact: ExactTest
    differing: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """Figures with their intervals, then the counts of the exact test."""
        rows = [[f.figure, f.a, f.b, f.difference, f.low, f.high] for f in self.figures]
        exact = self.exact
        counts = [[name, getattr(exact, name.replace(" ", "_"))]
                  for name in ("both", "only a", "only b", "neither")]  # fmt: skip
        right = f"{exact.of} likelier in" if exact.test == SIGN else f"{exact.of} right in"
        p = f"{exact.p:.3g}"
        return [
            ([f"{self.rows:,} {self.of}", "a", "b", "b - a", "95 % from", "to"], rows),
            ([right, "count"], [*counts, [f"{exact.test}, p", p]]),
        ]
