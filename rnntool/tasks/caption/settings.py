"""Settings of `train caption` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.models.settings import CaptionModelSettings
from rnntool.registry import FORMATS, TEXT_FLAGS, UNITS
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a language model that describes a vector (one to many): a vector in, a text out.

Example: rnntool train caption reviews.txt vectors.npy -o runs/caption
"""
INPUTS = (
    Input("text", "Texts: lines, TSV or CSV."),
    Input("features", "A vector for each text: .npy or CSV."),
)


_DATA = "Data"
_OPTIMISATION = "Optimisation"


@dataclass(frozen=True, kw_only=True)
class CaptionDataSettings:
    """Which texts are read, and in what units."""

    unit: str = setting(
        "char", "Units of the text: characters, jamo, words, subwords or morphemes.", choices=UNITS,
        panel=_DATA,
    )  # fmt: skip
    subword_model: str | None = setting(None, "Model for --unit subword.", panel=_DATA)
    min_count: int = setting(1, "Leave out tokens that occur less often.", min=1, panel=_DATA)
    max_length: int = setting(
        200, "Cut longer texts to this many tokens; 0: keep all.", min=0, panel=_DATA
    )
    validation: str = setting(
        "0.05", "Validation data: a random share of the rows; 0: none.", panel=_DATA
    )
    format: str = setting("auto", "Format of the text.", choices=FORMATS, panel=_DATA)
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel=_DATA
    )
    encoding: str = setting("utf-8", "Encoding of the text.", panel=_DATA)
    workers: int = setting(
        0, "Number of processes that tokenize; 0: one per core.", min=0, panel=_DATA
    )


@dataclass(frozen=True, kw_only=True)
class CaptionSettings(TrainingSettings, CaptionModelSettings, CaptionDataSettings):
    """All settings of `train caption`."""

    epochs: int = setting(5, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(64, "Batch size, in texts.", min=1, panel=_OPTIMISATION)
    lr: float = setting(
        0.004, "Learning rate; its peak with one-cycle.", min=0.0, panel=_OPTIMISATION
    )

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        super().check()
        if self.input == "one-hot":
            raise UserError("captioning needs --input embedding")
