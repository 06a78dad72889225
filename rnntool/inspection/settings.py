"""Settings of `inspect-grad` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import INITS, NUMPY_CELLS

_FRESH = "Untrained model (--cell, --compare, --at-init)"


@dataclass(frozen=True, kw_only=True)
class InspectSettings:
    """Settings of `inspect-grad`."""

    text: str | None = setting(None, "Text to inspect, instead of a file.")
    label: str | None = setting(None, "Class for the loss; without it, the predicted class.")
    limit: int = setting(1, "Average over at most this many texts.", min=1)
    length: int = setting(0, "Repeat or cut each text to this many tokens; 0: as it is.", min=0)
    clip_norm: float = setting(
        1.0, "Clipping threshold: also show the norms after clipping.", min=0.0
    )
    at_init: bool = setting(False, "Use the run's sizes with new random weights.", panel=_FRESH)
    over_training: bool = setting(
        False,
        "Compare the run's weights before training and after each epoch (train --keep-epochs).",
    )
    cell: str | None = setting(None, "Use an untrained model with this cell.", choices=NUMPY_CELLS,
                               panel=_FRESH)  # fmt: skip
    compare: str | None = setting(
        None, "Compare untrained models with these cells: rnn,lstm,gru.", panel=_FRESH
    )
    hidden: int = setting(64, "Hidden size H.", min=1, panel=_FRESH)
    embedding_dim: int = setting(32, "Input size D.", min=1, panel=_FRESH)
    layers: int = setting(1, "Number of layers.", min=1, panel=_FRESH)
    bidirectional: bool = setting(False, "Make the model bidirectional.", panel=_FRESH)
    init: str = setting(
        "orthogonal", "Initial recurrent weights: orthogonal, or uniform within ±1/√H.",
        choices=INITS, panel=_FRESH,
    )  # fmt: skip
    forget_bias: float = setting(
        1.0,
        "Initial bias of an LSTM's forget gate (1: open, as in train; 0: half open).",
        panel=_FRESH,
    )
    spectral_radius: float | None = setting(
        None,
        "Scale the recurrent weights to this spectral radius.",
        min=0.0,
        panel=_FRESH,
    )
    seed: int = setting(1, "Random seed.", min=0, panel=_FRESH)
    tolerance: float = setting(1e-4, "--check: largest relative difference allowed.", min=0.0)
    entries: int = setting(
        40, "--check: number of entries per parameter to check by finite differences.", min=1
    )
