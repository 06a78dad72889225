"""The effect of AdamW on a weight over several steps with zero gradient.

Shapes: U weights, or rows of weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST = 4096  # maximum number of steps before all rows must be brought up to date


class Missed(NamedTuple):
    """The effect of idle steps on a weight p, its moments m and v, and its moving average a.

    With ε̂ = ε · `ease` and ε̌ = ε · `trail_ease`:

        a ← kept·a + share·p - trail·m / (√v + ε̌)
        p ← decay·p - drift·m / (√v + ε̂)
        m ← first·m,  v ← second·v
    """

    decay: Tensor  # [U, 1], like all fields
    drift: Tensor
    ease: Tensor
    first: Tensor
    second: Tensor
    kept: Tensor
    share: Tensor
    trail: Tensor
    trail_ease: Tensor


class IdleSteps:
    """The factors of the steps since each point in time; they do not depend on the weight.

    They follow from Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm
    2 with g = 0. The j-th idle step subtracts w_j · m / (√v · q_j + ε), and the sum of such terms
    is approximated by one term with the right value and slope for √v ≫ ε. If √v is near ε (1e-8)
    or below, the weight differs from AdamW's by at most a fifth of one step's learning rate.
    """

    _START = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0], dtype=np.float64)[:, None]

    def __init__(self) -> None:
        self.count = 0
        # A column for each point in time: first, second, decay, drift, second-order drift, kept,
        # share, trail, second-order trail.
        self._factors = np.empty((len(self._START), MOST + 1))
        self._factors[:, :1] = self._START

    def advance(
        self, betas: tuple[float, float], decay: float, rate: float, root: float, kept: float
    ) -> None:
        """Count one more step.

        Args:
            betas: decay of the moments.
            decay: factor by which weight decay scales a weight, 1 - lr·λ.
            rate: lr / (1 - β1^t), which corrects the first moment's bias.
            root: √(1 - β2^t), which corrects that of the second moment.
            kept: factor by which the step scales the average; 1 without an average.
        """
        self.count += 1
        first, second, decays, drift, drift2, keeps, share, trail, trail2 = self._factors[
            :, : self.count
        ]
        first *= betas[0]
        second *= betas[1]
        decays *= decay
        inverse = root / np.sqrt(second)  # 1 / q
        way = rate * first * inverse  # w / q
        drift *= decay
        drift += way
        drift2 *= decay
        drift2 += way * inverse
        for average, value in ((share, decays), (trail, drift), (trail2, drift2)):
            average *= kept
            average += (1 - kept) * value
        keeps *= kept
        self._factors[:, self.count] = self._START[:, 0]

    def since(self, moments: Tensor) -> Missed:
        """The missed updates of weights that were up to date at the times [U]."""
        first, second, decay, drift, drift2, kept, share, trail, trail2 = self._factors[
            :, moments.numpy()
        ]
        missed = (
            decay, drift, _ratio(drift2, drift), first, second, kept, share, trail,
            _ratio(trail2, trail),
        )  # fmt: skip
        return Missed(*(torch.from_numpy(f).float().unsqueeze(-1) for f in missed))

    def restart(self) -> None:
        """Start counting again, when all weights are up to date."""
        self.count = 0
        self._factors[:, :1] = self._START

    def factors(self) -> Tensor:
        """[9, count + 1], for a checkpoint."""
        return torch.from_numpy(self._factors[:, : self.count + 1].copy())

    def take(self, factors: Tensor) -> None:
        """Continue from a checkpoint's factors."""
        self.count = factors.shape[1] - 1
        self._factors[:, : self.count + 1] = factors.numpy()


def _ratio(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotients; 1 for 0 / 0, where nothing has changed."""
    return np.divide(upper, lower, out=np.ones_like(upper), where=lower > 0)
