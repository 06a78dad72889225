"""Settings of `eval` and `predict` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.registry import DEVICES
from rnntool.settings import setting


@dataclass(frozen=True, kw_only=True)
class InferenceSettings:
    """How text is read and where the model runs."""

    format: str = setting(
        "auto", "Form of the input.", choices=("auto", "lines", "tsv", "csv"), panel="Data"
    )
    text_column: str | None = setting(None, "Column of the text in a table.", panel="Data")
    encoding: str = setting("utf-8", "Encoding of the input.", panel="Data")
    device: str = setting("auto", "Where to compute.", choices=DEVICES, panel="Machine")
    threads: int = setting(0, "CPU threads; 0: all cores.", min=0, panel="Machine")
    workers: int = setting(0, "Processes that tokenize; 0: one a core.", min=0, panel="Machine")
    jvm_heap: int = setting(1024, "KoNLPy: memory of each Java VM in MiB.", min=64, panel="Machine")


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(InferenceSettings):
    """Settings of `eval`."""

    label_column: str | None = setting(None, "Column of the label in a table.", panel="Data")


@dataclass(frozen=True, kw_only=True)
class PredictSettings(InferenceSettings):
    """Settings of `predict`."""

    proba: bool = setting(False, "Print the probability of every class.", panel="Output")
    show_text: bool = setting(
        False, "Print the text behind its answer.", flag="--text", panel="Output"
    )
    json: bool = setting(False, "JSON lines instead of TSV.", panel="Output")
    batch_size: int = setting(512, "Lines answered together at most.", min=1, panel="Machine")
