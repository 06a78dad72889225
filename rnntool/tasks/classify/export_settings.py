"""Settings of `export` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.runs.inference_settings import InferenceSettings


@dataclass(frozen=True, kw_only=True)
class ExportSettings(InferenceSettings):
    """Settings of `export`."""

    int8: bool = setting(
        False, "Quantize the weights to 8 bits: a quarter of the size.", panel="Output"
    )
    check: str | None = setting(
        None, "Labelled data to score the run and the exported model on, side by side.",
        panel="Data",
    )  # fmt: skip
    label_column: str | None = setting(None, "Column of the label in a table.", panel="Data")
