"""Settings of `train forecast` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.models.settings import EncoderSettings
from rnntool.registry import PRECISIONS
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a forecaster of numbers over time (many to one): a window in, the next values out.

Example: rnntool train forecast daily-min-temperatures.csv --window 30 -o runs/temp
"""
INPUTS = (Input("data", "Series: CSV or TSV with a header, oldest first."),)


_DATA = "Data"
_MODEL = "Model"
_OPTIMISATION = "Optimisation"
_MACHINE = "Machine"


@dataclass(frozen=True, kw_only=True)
class SeriesSettings:
    """Which columns are read, how far back and how far ahead."""

    columns: str | None = setting(
        None, "Columns to read, separated by commas; without it, all numeric columns.", panel=_DATA
    )
    target: str | None = setting(
        None,
        "Columns to forecast, separated by commas; without it, all that are read.",
        panel=_DATA,
    )
    window: int = setting(30, "Length of the input window, in steps.", min=1, panel=_DATA)
    horizon: int = setting(1, "Number of steps ahead to forecast.", min=1, panel=_DATA)
    stride: int = setting(1, "Steps from one training window to the next.", min=1, panel=_DATA)
    validation: float = setting(
        0.1, "Validation data: this share of the rows, before the test part; 0: none.", min=0.0,
        max=0.9,
        panel=_DATA,
    )  # fmt: skip
    test: float = setting(
        0.1, "Test part: this share at the end, unused in training and scored by eval.", min=0.0,
        max=0.9, panel=_DATA,
    )  # fmt: skip
    encoding: str = setting("utf-8", "Encoding of the file.", panel=_DATA)


@dataclass(frozen=True, kw_only=True)
class ForecastSettings(TrainingSettings, EncoderSettings, SeriesSettings):
    """All settings of `train forecast`."""

    loss: str = setting(
        "mse", "Loss: mean squared error, mean absolute error, or Huber loss.",
        choices=("mse", "mae", "huber"), panel=_OPTIMISATION,
    )  # fmt: skip
    hidden: int = setting(64, "Hidden size H per direction.", min=1, panel=_MODEL)
    dropout: float = setting(
        0.1, "Dropout between layers and before the output.", min=0.0, max=0.95, panel=_MODEL
    )
    pooling: str = setting(
        "last", "Pooling of the hidden states.", choices=("last", "max", "mean", "all"),
        panel=_MODEL,
    )  # fmt: skip
    epochs: int = setting(30, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(64, "Batch size, in windows.", min=1, panel=_OPTIMISATION)
    patience: int = setting(
        8, "Stop after this many epochs without a better validation score; 0: never.", min=0,
        panel=_OPTIMISATION,
    )  # fmt: skip
    # bf16 has about 3 digits: enough for a token's vector, not for a measured value.
    precision: str = setting(
        "fp32", "Precision of the forward pass.", choices=PRECISIONS, panel=_MACHINE
    )
