"""Settings of `compress` (without torch)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import LABEL_FLAGS
from rnntool.runs.inference_settings import (
    EvaluateSettings,
    InferenceSettings,
    reading_of,
)


@dataclass(frozen=True, kw_only=True)
class CompressSettings(InferenceSettings):
    """Settings of `compress`."""

    max_vocab: int | None = setting(
        None, "Keep this many of the most frequent tokens, including the 4 special ones.", min=5,
        panel="Vocabulary",
    )  # fmt: skip
    min_count: int = setting(
        1, "Remove tokens that occurred less often in training.", min=1, panel="Vocabulary"
    )
    check: str | None = setting(
        None, "Data: score the run and the compressed run on it.", panel="Data"
    )
    label_column: str | None = setting(
        None, "Column or JSON field of the label, tag or target.", flag=LABEL_FLAGS, panel="Data"
    )

    @property
    def reading(self) -> EvaluateSettings:
        """The settings with which `eval` reads the same data."""
        return reading_of(self)
