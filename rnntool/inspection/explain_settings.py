"""Settings of `explain` and `units` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.inspection.settings import ProbeSettings
from rnntool.registry import EXPLANATIONS, LABEL_FLAGS
from rnntool.runs.reading_settings import LineSettings


@dataclass(frozen=True, kw_only=True)
class ExplainSettings(LineSettings):
    """Settings of `explain`."""

    text: str | None = setting(None, "Text to explain, instead of a file.")
    label: str | None = setting(None, "Label to explain; without it, the model's answer.")
    method: str = setting(
        "ig", "Method: integrated gradients, gradient times input, or leaving out each token.",
        choices=EXPLANATIONS,
    )  # fmt: skip
    token: int | None = setting(
        None, "Tagger: explain only the tag of this token, counted from 1.", min=1,
        tasks=("tag",),
    )  # fmt: skip
    json: bool = setting(False, "Print JSON lines instead of TSV.", panel="Output")
    html: str | None = setting(None, "Write an HTML page with the coloured texts.", panel="Output")


@dataclass(frozen=True, kw_only=True)
class UnitsSettings(LineSettings):
    """Settings of `units`."""

    of: str = setting(
        "auto", "What units may follow: labels of texts, tags of words (CoNLL-U), or properties of"
        " tokens.", choices=("auto", "texts", "words", "tokens"), panel="Data",
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column or JSON field of the label.", flag=LABEL_FLAGS, panel="Data"
    )
    test: str | None = setting(
        None, "Labelled data to score on; without it, a half of FILE.", panel="Data"
    )
    properties: tuple[str, ...] = setting(
        (), "File with a line of numbers for each line of the text, one for each token; can be"
        " repeated.", flag="--property", panel="Data",
    )  # fmt: skip
    limit: int = setting(
        50_000, "Use at most this many texts or tokens; 0: all.", min=0, panel="Data"
    )
    pool: str = setting(
        "mean", "How the states of a text, or of a word's pieces, become one.",
        choices=("mean", "max", "last"),
    )  # fmt: skip
    top: int = setting(3, "Units for each label or property.", min=1)
    seed: int = setting(1, "Seed of the halves.", min=0)
    unit: str | None = setting(None, "Show this unit's values, LAYER:NUMBER, token by token.")
    html: str | None = setting(
        None, "Write a page with the text coloured by --unit, or by the best unit.", panel="Output"
    )
    json: bool = setting(False, "JSON instead of a table.", panel="Output")

    def probing(self, of: str) -> ProbeSettings:
        """How `probe` reads the same labelled data."""
        return ProbeSettings(
            of=of, format=self.format, text_column=self.text_column,
            label_column=self.label_column, encoding=self.encoding,
        )  # fmt: skip
