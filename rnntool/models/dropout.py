"""Dropout for language models.

Shapes: T time, B batch, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """One mask for all steps of a sequence, so that what is dropped stays dropped.

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
