"""What AdamW does to a weight over steps in which its gradient is zero.

Shapes: U weights or rows of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST = 4096  # steps that are counted before all rows must be brought up to date


class Missed(NamedTuple):
    """What some idle steps make of a weight p, its moments m and v, and its running average a.

    With ε̂ = ε · `ease` and ε̌ = ε · `trail_ease`:

        a ← kept·a + share·p - trail·m / (√v + ε̌)
        p ← decay·p - drift·m / (√v + ε̂)
        m ← first·m,  v ← second·v
    """

    decay: Tensor  # [U, 1], as all of them
    drift: Tensor
    ease: Tensor
    first: Tensor
    second: Tensor
    kept: Tensor
    share: Tensor
    trail: Tensor
    trail_ease: Tensor


class IdleSteps:
    """The factors of the steps since each moment; they do not depend on the weight.

    They follow from Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm
    2 with g = 0. The j-th idle step subtracts w_j · m / (√v · q_j + ε), and the sum of such terms
    is given as one, with the right value and slope for √v ≫ ε. Weights whose √v is near ε (1e-8)
    or below end within a fifth of one step's learning rate of where AdamW takes them.
    """

    _START = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0], dtype=np.float64)[:, None]

    def __init__(self) -> None:
        self.count = 0
        # A column for each moment: first, second, decay, drift, drift of the second order, kept,
        # share, trail, trail of the second order.
        self._factors = np.empty((len(self._START), MOST + 1))
        self._factors[:, :1] = self._START

    def advance(
        self, betas: tuple[float, float], decay: float, rate: float, root: float, kept: float
    ) -> None:
        """Count one more step.

        Args:
            betas: decay of the moments.
            decay: what weight decay leaves of a weight, 1 - lr·λ.
            rate: lr / (1 - β1^t), which corrects the first moment's bias.
            root: √(1 - β2^t), which corrects the second one's.
            kept: what the step leaves of the average; 1 where there is none.
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
        """What weights have missed that were up to date at the moments [U]."""
        first, second, decay, drift, drift2, kept, share, trail, trail2 = self._factors[
            :, moments.numpy()
        ]
        missed = (
            decay, drift, _ratio(drift2, drift), first, second, kept, share, trail,
            _ratio(trail2, trail),
        )  # fmt: skip
        return Missed(*(torch.from_numpy(f).float().unsqueeze(-1) for f in missed))

    def restart(self) -> None:
        """Count from here: all weights are up to date."""
        self.count = 0
        self._factors[:, :1] = self._START

    def factors(self) -> Tensor:
        """[9, count + 1], for a checkpoint."""
        return torch.from_numpy(self._factors[:, : self.count + 1].copy())

    def take(self, factors: Tensor) -> None:
        """Go on from a checkpoint's factors."""
        self.count = factors.shape[1] - 1
        self._factors[:, : self.count + 1] = factors.numpy()


def _ratio(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotients; 1 where there is none, since nothing has moved."""
    return np.divide(upper, lower, out=np.ones_like(upper), where=lower > 0)
