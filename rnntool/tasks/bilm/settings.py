"""Settings of `train bilm` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.models.settings import BiLMModelSettings
from rnntool.tasks import Input
from rnntool.tasks.lm.settings import CorpusSettings

HELP = """Train a forward and a backward language model on plain text, to fine-tune later.

Example: rnntool train bilm train.tok -o runs/bilm
"""
INPUTS = (Input("inputs", "Text, TSV, CSV or tokens files; - is stdin.", several=True),)


_OPTIMISATION = "Optimisation"


@dataclass(frozen=True, kw_only=True)
class BiLMSettings(CorpusSettings, BiLMModelSettings):
    """All settings of `train bilm`."""

    lines: bool = setting(
        True, "Treat each line as a document, with <bos> before and <eos> after it.", panel="Data"
    )  # fmt: skip
    unit: str = setting("word", "Units of raw text; a tokens file keeps its tokens.",
                        panel="Data")  # fmt: skip
    min_count: int = setting(2, "Without --vocab: leave out tokens that occur less often.", min=1,
                             panel="Data")  # fmt: skip
    validation: str = setting(
        "0.01",
        "Validation text: this share at the end of the text, or a file; 0: none.",
        panel="Data",
    )
    bptt: int = setting(
        100,
        "Length of a chunk in tokens; longer documents are split.",
        min=2,
        panel="Text over time",
    )
    epochs: int = setting(5, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(128, "Batch size, in texts.", min=1, panel=_OPTIMISATION)
    lr: float = setting(
        0.003, "Learning rate; its peak with one-cycle.", min=0.0, panel=_OPTIMISATION
    )
