"""Dropout: of single values, and with one mask for all steps.

Shapes: T time, B batch, D features.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_LEVELS = 1 << 16  # shares are rounded to multiples of 1 / _LEVELS


def drop_values(values: Tensor, share: float) -> Tensor:
    """Set a share of the values to 0 and scale the others by 1 / (1 - share).

    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", §4.
    On a CPU torch draws masks one value at a time, which takes a fifth of the training time of a
    small language model. Here torch's generator gives only a seed, and NumPy draws 16 bits a value.
    """
    if values.device.type != "cpu":
        return functional.dropout(values, share)
    seed = int(torch.empty((), dtype=torch.int64).random_())
    count, dropped = values.numel(), round(share * _LEVELS)
    draws = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.uint16)[:count]
    kept = torch.from_numpy(draws >= dropped).view(values.shape).to(values.dtype)
    return values * kept.mul_(_LEVELS / (_LEVELS - dropped))


class Dropout(nn.Module):
    """`drop_values` in training; does nothing in evaluation.

    Args:
        share: of the values that are dropped.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        """Values of the same shape."""
        return drop_values(values, self.share) if self.training and self.share > 0 else values


class LockedDropout(nn.Module):
    """Dropout with one mask for all steps of a sequence.

    Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural
    Networks", §4; on layer inputs and outputs as in Merity et al. 2018, §4.2.

    Args:
        share: of the features that are dropped.
        time: the axis of the steps: 0 of [T, B, D], 1 of [B, T, D].
    """

    def __init__(self, share: float, time: int = 0) -> None:
        super().__init__()
        self.share, self.time = share, time

    def forward(self, values: Tensor) -> Tensor:
        """Values of the same shape; those kept are scaled by 1 / (1 - share)."""
        if not self.training or self.share == 0:
            return values
        keep = 1 - self.share
        mask = torch.empty_like(values.narrow(self.time, 0, 1)).bernoulli_(keep).div_(keep)
        return values * mask
