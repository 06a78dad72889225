"""Settings of `inspect-grad` and `probe` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import INITS, NUMPY_CELLS
from rnntool.runs.inference_settings import InferenceSettings

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


@dataclass(frozen=True, kw_only=True)
class ProbeSettings(InferenceSettings):
    """Settings of `probe`."""

    test: str | None = setting(None, "Data to test on; without it, a part of DATA.", panel="Data")
    held_out: float = setting(
        0.2, "Without --test: share of the texts of DATA to test on.", min=0.01, max=0.9,
        panel="Data",
    )  # fmt: skip
    of: str = setting(
        "auto", "Probe labelled texts or tagged words; auto: words for CoNLL-U, texts otherwise.",
        choices=("auto", "texts", "words"), panel="Data",
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column of the label or tag; in CoNLL-U without it, upos.", panel="Data"
    )
    limit: int = setting(
        20_000, "Maximum number of texts or sentences of each file, chosen at random; 0: all.",
        min=0, panel="Data",
    )  # fmt: skip
    pool: str = setting(
        "mean", "Pooling of the states of a text, or of the pieces of a word.",
        choices=("mean", "max", "last"), panel="Probes",
    )  # fmt: skip
    c: float | None = setting(
        None, "Inverse regularisation C; without it, the best value on a fifth of the texts.",
        min=1e-9, panel="Probes",
    )  # fmt: skip
    resamples: int = setting(10_000, "Number of bootstrap resamples.", min=100, panel="Probes")
    seed: int = setting(1, "Random seed.", min=0, panel="Probes")
