"""Settings of `explain` and `units` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import DECODING, EXPLANATIONS, FORMATS, TEXT_FLAGS
from rnntool.runs.inference_settings import StreamSettings


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """How texts are read; what is said of them is computed by NumPy or torch on the CPU."""

    format: str = setting("auto", "Format of the input.", choices=FORMATS, panel="Data")
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel="Data"
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel="Data")
    errors: str = setting(
        "strict",
        "For a line in another encoding: stop, replace the invalid bytes, or read it as empty.",
        choices=DECODING, panel="Data",
    )  # fmt: skip

    @property
    def reading(self) -> StreamSettings:
        """How `predict` reads the same texts."""
        return StreamSettings(
            format=self.format, text_column=self.text_column, encoding=self.encoding,
            errors=self.errors,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ExplainSettings(TextSettings):
    """Settings of `explain`."""

    text: str | None = setting(None, "Text to explain, instead of a file.")
    label: str | None = setting(None, "Label whose score is explained (default: the answer).")
    method: str = setting(
        "ig", "Integrated gradients, the gradient at the text, or the text without each token.",
        choices=EXPLANATIONS,
    )  # fmt: skip
    token: int | None = setting(
        None, "Token whose tag is explained, counted from 1 (default: each token).", min=1,
        tasks=("tag",),
    )  # fmt: skip
    json: bool = setting(False, "JSON lines instead of TSV.", panel="Output")
    html: str | None = setting(None, "Write a page with the coloured texts.", panel="Output")
