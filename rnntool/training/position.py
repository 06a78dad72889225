"""Where a training stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Position:
    """What a checkpoint holds besides tensors."""

    epoch: int = 0  # epochs finished
    step: int = 0  # steps done in the epoch under way
    best_score: float = -math.inf  # higher is better
    best_loss: float = math.inf  # of the same epoch: of two with one score, the lower loss wins
    best_epoch: int = 0
    since_best: int = 0
    schedule: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
