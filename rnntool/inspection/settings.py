"""Settings of `inspect-grad` and `trace` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import INITS, NUMPY_CELLS

_FRESH = "Fresh model (--cell, --compare)"


@dataclass(frozen=True, kw_only=True)
class InspectSettings:
    """Settings of `inspect-grad`."""

    text: str | None = setting(None, "Text to inspect, instead of a file.")
    label: str | None = setting(
        None, "Class whose loss is inspected; without it the predicted one."
    )
    limit: int = setting(1, "Average over at most this many texts.", min=1)
    length: int = setting(0, "Repeat or cut each text to this many tokens; 0: unchanged.", min=0)
    clip_norm: float = setting(1.0, "Clipping threshold to compare with.", min=0.0)
    at_init: bool = setting(False, "The run's sizes with fresh weights.", panel=_FRESH)
    over_training: bool = setting(
        False, "The run's weights before training and after each epoch (train --keep-epochs)."
    )
    cell: str | None = setting(None, "A fresh model with this cell.", choices=NUMPY_CELLS,
                               panel=_FRESH)  # fmt: skip
    compare: str | None = setting(
        None, "Fresh models of several cells on the same text: rnn,lstm,gru.", panel=_FRESH
    )
    hidden: int = setting(64, "Hidden size H of a fresh model.", min=1, panel=_FRESH)
    embedding_dim: int = setting(32, "Input size D of a fresh model.", min=1, panel=_FRESH)
    layers: int = setting(1, "Layers of a fresh model.", min=1, panel=_FRESH)
    bidirectional: bool = setting(False, "A bidirectional fresh model.", panel=_FRESH)
    init: str = setting(
        "orthogonal", "Recurrent weights of a fresh model: orthogonal, or uniform ±1/√H.",
        choices=INITS, panel=_FRESH,
    )  # fmt: skip
    forget_bias: float = setting(
        1.0, "Bias of an LSTM's forget gate (1: open, as train begins; 0: half open).", panel=_FRESH
    )
    spectral_radius: float | None = setting(
        None,
        "Scale a fresh model's recurrent weights to this spectral radius.",
        min=0.0,
        panel=_FRESH,
    )
    seed: int = setting(1, "Seed of a fresh model.", min=0, panel=_FRESH)
    tolerance: float = setting(1e-4, "--check: largest relative difference allowed.", min=0.0)
    entries: int = setting(
        40, "--check: entries of each parameter tried by finite differences.", min=1
    )
