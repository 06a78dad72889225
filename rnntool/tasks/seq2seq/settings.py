"""Settings of `train seq2seq` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.models.settings import Seq2SeqModelSettings
from rnntool.registry import UNITS
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train an encoder and a decoder (many to many, delayed): a text in, a text out.

Example: rnntool train seq2seq ChatbotData.csv --attention general -o runs/chat
"""
INPUTS = (Input("data", "Pairs of texts: TSV or CSV with a source and a target column."),)


_DATA = "Data"
_OPTIMISATION = "Optimisation"


@dataclass(frozen=True, kw_only=True)
class PairSettings:
    """Which pairs are read, and in what units."""

    source_column: str | None = setting(None, "Column of the source text.", panel=_DATA)
    target_column: str | None = setting(None, "Column of the target text.", panel=_DATA)
    unit: str = setting(
        "char", "Units of both texts: characters, jamo, words, subwords or morphemes.",
        choices=UNITS, panel=_DATA,
    )  # fmt: skip
    subword_model: str | None = setting(None, "Model for --unit subword.", panel=_DATA)
    min_count: int = setting(1, "Leave out tokens that occur less often.", min=1, panel=_DATA)
    max_length: int = setting(
        1000, "Leave out pairs with a side of more tokens; 0: keep all.", min=0, panel=_DATA
    )
    validation: str = setting(
        "0.1", "Validation data: a random share of the pairs, or a file; 0: none.", panel=_DATA
    )
    encoding: str = setting("utf-8", "Encoding of the data files.", panel=_DATA)
    workers: int = setting(
        0, "Number of processes that tokenize; 0: one per core.", min=0, panel=_DATA
    )


@dataclass(frozen=True, kw_only=True)
class Seq2SeqSettings(TrainingSettings, Seq2SeqModelSettings, PairSettings):
    """All settings of `train seq2seq`."""

    teacher_forcing: float = setting(
        1.0, "Share of the decoder's inputs in training that are the true tokens; the others are"
        " its own predictions.", min=0.0, max=1.0, panel=_OPTIMISATION,
    )  # fmt: skip
    label_smoothing: float = setting(
        0.0,
        "Label smoothing: share of the target that is spread over all tokens.",
        min=0.0,
        max=0.9,
        panel=_OPTIMISATION,
    )
    epochs: int = setting(15, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(64, "Batch size, in pairs.", min=1, panel=_OPTIMISATION)
