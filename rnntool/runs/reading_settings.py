"""Settings of commands that read text (without torch)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import DECODING, FORMATS, TEXT_FLAGS


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """How text is read."""

    format: str = setting("auto", "Format of the input.", choices=FORMATS, panel="Data")
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel="Data"
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel="Data")


@dataclass(frozen=True, kw_only=True)
class LineSettings(ReadingSettings):
    """How text is read that is answered line by line."""

    errors: str = setting(
        "strict",
        "For a line in another encoding: stop, replace the invalid bytes, or read it as empty.",
        choices=DECODING,
        panel="Data",
    )
