"""Settings of `report` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.runs.inference_settings import EvaluateSettings, InferenceSettings, reading_of


@dataclass(frozen=True, kw_only=True)
class ReportSettings(InferenceSettings):
    """Settings of `report`."""

    data: str | None = setting(
        None, "Data that is new to every run, for scores, errors and gradients.", panel="Data"
    )
    label_column: str | None = setting(
        None, "Column of the label, tag or target in a table.", panel="Data"
    )
    errors: int = setting(10, "Number of errors to show for each run, most confident first.", min=0,
                          panel="Output")  # fmt: skip
    title: str | None = setting(None, "Title of the page.", panel="Output")

    @property
    def reading(self) -> EvaluateSettings:
        """How `eval` reads the same data."""
        return reading_of(self)
