"""Numbers in, the next numbers out: many to one, regression.

Shapes: B batch, W window, C columns, K targets, S steps ahead (horizon).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnntool.models.dropout import Dropout
from rnntool.models.encoders import make_encoder
from rnntool.models.pooling import pool, pooled_dim
from rnntool.models.settings import EncoderSettings


class Forecaster(nn.Module):
    """Encoder over a window -> pooled states -> linear: the change from the window's last value.

    Args:
        settings: the encoder's parts.
        columns: C.
        targets: [K] which columns are forecast.
        horizon: S.
        mean, deviation: [C] of the training part; all values are scaled by them.
    """

    def __init__(
        self,
        settings: EncoderSettings,
        columns: int,
        targets: list[int],
        horizon: int,
        mean: Tensor,
        deviation: Tensor,
    ) -> None:
        super().__init__()
        self.pooling, self.horizon, self.targets = settings.pooling, horizon, targets
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.encoder = make_encoder(settings, columns)
        self.dropout = Dropout(settings.dropout)
        width = pooled_dim(settings.pooling, self.encoder.output_dim)
        self.output = nn.Linear(width, horizon * len(targets))
        nn.init.zeros_(self.output.bias)

    def forward(self, window: Tensor) -> Tensor:
        """[B, W, C] unscaled values -> [B, S, K] scaled forecasts."""
        scaled = self.scale(window)
        lengths = torch.full((len(window),), window.shape[1], device=window.device)
        states, last = self.encoder(scaled, lengths)
        features = pool(self.pooling, states, last, self.encoder.steps(lengths))
        change = self.output(self.dropout(features)).float()
        change = change.view(-1, self.horizon, len(self.targets))
        forecasts: Tensor = change + scaled[:, -1:, self.targets]
        return forecasts

    def scale(self, values: Tensor) -> Tensor:
        """[..., C] values, scaled so that the training part has mean 0 and deviation 1."""
        return (values - self.mean) / self.deviation

    def unscale(self, forecasts: Tensor) -> Tensor:
        """[..., K] forecasts in the original units of the targets."""
        return forecasts * self.deviation[self.targets] + self.mean[self.targets]
