"""Settings of `train lm` (torch-free, so that `--help` is instant)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.models.settings import LanguageModelSettings
from rnntool.registry import FORMATS, TEXT_FLAGS, UNITS
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a language model of characters, jamo, words or subwords with truncated BPTT.

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
        "What is predicted: characters, jamo, white-space words, subwords, or an analyzer's"
        " morphemes. A tokens file is taken as it is.",
        choices=UNITS,
        panel=_DATA,
    )
    lines: bool = setting(
        False, "Each line is a document: <bos> before it, <eos> after it.", panel=_DATA
    )
    subword_model: str | None = setting(None, "Model for --unit subword.", panel=_DATA)
    vocab: str | None = setting(
        None, "Vocabulary file; without it one is built from the training part.", panel=_DATA
    )
    min_count: int = setting(
        1, "Without --vocab: leave out tokens seen fewer times.", min=1, panel=_DATA
    )
    max_size: int | None = setting(
        None, "Without --vocab: maximum size of the vocabulary.", min=5, panel=_DATA
    )
    validation: str = setting(
        "0.1", "Validation text: the last share of the tokens, or a file; 0: none.", panel=_DATA
    )
    format: str = setting("auto", "Form of the input.", choices=FORMATS, panel=_DATA)
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel=_DATA
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel=_DATA)
    workers: int = setting(0, "Processes that tokenize; 0: one a core.", min=0, panel=_DATA)


@dataclass(frozen=True, kw_only=True)
class CorpusSettings(TrainingSettings, TextSettings):
    """What every training on text asks of its corpus."""

    bptt: int = setting(
        64, "Length of truncated BPTT in tokens; the state is carried on.", min=1,
        panel=_TIME,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LMSettings(CorpusSettings, LanguageModelSettings):
    """Everything `train lm` can be told."""

    epochs: int = setting(10, "Maximum number of epochs.", min=1, panel="Optimisation")
    batch_size: int = setting(
        16, "Batch size: parallel streams of the text.", min=1, panel="Optimisation"
    )
    lr: float = setting(
        0.01, "Learning rate; its peak with one-cycle.", min=0.0, panel="Optimisation"
    )
    epoch_steps: int = setting(
        0,
        "Steps per epoch; the next epoch continues in the text; 0: the whole text.",
        min=0,
        panel="Optimisation",
    )
    bptt_jitter: bool = setting(False, "Vary the chunks' borders from epoch to epoch.", panel=_TIME)
    reset: float = setting(
        0.02,
        "Share of the carried states that are set to zero before a chunk, so that the model also"
        " learns to begin a text.",
        min=0.0,
        max=1.0,
        panel=_TIME,
    )
    stateless: bool = setting(
        False, "Begin each chunk (with --lines: each document) from a zero state.", panel=_TIME
    )
    activation_regularization: float = setting(
        0.0, "AR: weight of the mean square of the dropped-out top states.", min=0.0, panel=_TIME
    )
    temporal_regularization: float = setting(
        0.0, "TAR: weight of the mean square of the top states' change.", min=0.0, panel=_TIME
    )
    sample_every: int = setting(
        0, "Print a sample after this many steps; 0: never.", min=0, panel="Sample"
    )
    sample_length: int = setting(200, "Length of the sample in tokens.", min=1, panel="Sample")
    init_from: str | None = setting(
        None, "Run directory whose weights (not its optimiser) to start from.", panel="Model"
    )

    @property
    def by_document(self) -> bool:
        """Whether each document is read from a zero state."""
        return self.stateless and self.lines

    @property
    def window(self) -> int:
        """Tokens of running text after which the state is zero again; 0: it is carried on."""
        return self.bptt if self.stateless and not self.lines else 0

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        super().check()
        if self.tie_weights and self.input == "one-hot":
            raise UserError("--tie-weights needs --input embedding")
        if self.tie_weights and self.softmax == "adaptive":
            raise UserError("--tie-weights needs --softmax full")
        if self.stateless and self.lines and self.epoch_steps:
            raise UserError("--epoch-steps counts chunks of running text, not documents")
