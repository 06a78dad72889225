"""Settings of `train lm` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.models.settings import LanguageModelSettings
from rnntool.registry import FORMATS, TEXT_FLAGS, UNITS
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a language model of characters, jamo, words or subwords, with truncated BPTT.

Example: rnntool train lm corpus.txt --unit char --hidden 384 -o runs/lm
"""
INPUTS = (Input("inputs", "Text, TSV, CSV or tokens files; - is stdin.", several=True),)


_DATA = "Data"
_TIME = "Text over time"


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """Which text is read, and what is predicted."""

    unit: str = setting(
        "char",
        "Units to predict: characters, jamo, words between white space, subwords, or the morphemes"
        " of an analyzer. A tokens file keeps its tokens.",
        choices=UNITS,
        panel=_DATA,
    )
    lines: bool = setting(
        False, "Treat each line as a document, with <bos> before and <eos> after it.", panel=_DATA
    )
    subword_model: str | None = setting(None, "Model for --unit subword.", panel=_DATA)
    vocab: str | None = setting(
        None, "Vocabulary file; without it, one is built from the training part.", panel=_DATA
    )
    min_count: int = setting(
        1, "Without --vocab: leave out tokens that occur less often.", min=1, panel=_DATA
    )
    max_size: int | None = setting(
        None, "Without --vocab: maximum size of the vocabulary.", min=5, panel=_DATA
    )
    validation: str = setting(
        "0.1",
        "Validation text: this share at the end of the text, or a file; 0: none.",
        panel=_DATA,
    )
    format: str = setting("auto", "Format of the input.", choices=FORMATS, panel=_DATA)
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel=_DATA
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel=_DATA)
    workers: int = setting(
        0, "Number of processes that tokenize; 0: one per core.", min=0, panel=_DATA
    )


@dataclass(frozen=True, kw_only=True)
class CorpusSettings(TrainingSettings, TextSettings):
    """Settings of every training on running text."""

    bptt: int = setting(
        64, "Truncated BPTT: length of a chunk in tokens; the next one continues its state.", min=1,
        panel=_TIME,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LMSettings(CorpusSettings, LanguageModelSettings):
    """All settings of `train lm`."""

    epochs: int = setting(10, "Maximum number of epochs.", min=1, panel="Optimisation")
    batch_size: int = setting(
        16, "Batch size: parallel streams of the text.", min=1, panel="Optimisation"
    )
    lr: float = setting(
        0.01, "Learning rate; its peak with one-cycle.", min=0.0, panel="Optimisation"
    )
    epoch_steps: int = setting(
        0,
        "Steps per epoch; the next epoch continues from there; 0: the whole text.",
        min=0,
        panel="Optimisation",
    )
    bptt_jitter: bool = setting(False, "Split the text at other places in each epoch.", panel=_TIME)
    reset: float = setting(
        0.02,
        "Share of states that are set to zero before a chunk, so that the model also learns how a"
        " text begins.",
        min=0.0,
        max=1.0,
        panel=_TIME,
    )
    stateless: bool = setting(
        False, "Start each chunk (with --lines: each document) from a zero state.", panel=_TIME
    )
    activation_regularization: float = setting(
        0.0, "AR: weight of the mean square of the top states after dropout.", min=0.0, panel=_TIME
    )
    temporal_regularization: float = setting(
        0.0, "TAR: weight of the mean square of the top states' changes.", min=0.0, panel=_TIME
    )
    sample_every: int = setting(
        0, "Print generated text after this many steps; 0: never.", min=0, panel="Sample"
    )
    sample_length: int = setting(
        200, "Length of the generated text, in tokens.", min=1, panel="Sample"
    )
    init_from: str | None = setting(None, "Run directory: start from its weights.", panel="Model")

    @property
    def by_document(self) -> bool:
        """Whether each document is read from a zero state."""
        return self.stateless and self.lines

    @property
    def window(self) -> int:
        """Tokens of running text after which the state is reset to zero; 0: never."""
        return self.bptt if self.stateless and not self.lines else 0

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        super().check()
        if self.tie_weights and self.input == "one-hot":
            raise UserError("--tie-weights needs --input embedding")
        if self.tie_weights and self.softmax == "adaptive":
            raise UserError("--tie-weights needs --softmax full")
        if self.stateless and self.lines and self.epoch_steps:
            raise UserError("--epoch-steps does not work with --stateless --lines",
                            hint="leave out --epoch-steps")  # fmt: skip
