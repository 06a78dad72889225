"""Settings of `train tag` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.formats.tagged import FORMATS
from rnntool.models.settings import TaggerSettings
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a tagger (many to many, aligned): a tag for each token.

Example: rnntool train tag ko_gsd-ud-dev.conllu -o runs/pos
"""
INPUTS = (Input("data", "Tagged sentences: CoNLL-U, columns or a table; - is stdin."),)


_DATA = "Data"
_MODEL = "Model"
_OPTIMISATION = "Optimisation"


@dataclass(frozen=True, kw_only=True)
class TagDataSettings:
    """Which sentences and columns are read."""

    format: str = setting(
        "auto", "Format of the data: CoNLL-U, columns, or a table of `tokens` and `tags`.",
        choices=FORMATS[:-1], panel=_DATA,
    )  # fmt: skip
    token_column: str | None = setting(
        None, "Column of the token: its name, or its number from 1.", panel=_DATA
    )
    tag_column: str | None = setting(
        None,
        "Column of the tag; without it, upos in CoNLL-U, the last one in columns.",
        panel=_DATA,
    )
    min_count: int = setting(1, "Leave out tokens that occur less often.", min=1, panel=_DATA)
    validation: str = setting(
        "0.1",
        "Validation data: a random share of the sentences, or a file; 0: none.",
        panel=_DATA,
    )
    encoding: str = setting("utf-8", "Encoding of the data files.", panel=_DATA)


@dataclass(frozen=True, kw_only=True)
class TagSettings(TrainingSettings, TaggerSettings, TagDataSettings):
    """All settings of `train tag`."""

    embedding_dim: int = setting(
        64, "Embedding size D; --vectors sets it to theirs.", min=1, panel=_MODEL
    )
    word_dropout: float = setting(
        0.25, "Share of tokens replaced by <unk> during training; characters are kept.", min=0.0,
        max=0.95, panel=_MODEL,
    )  # fmt: skip
    hidden: int = setting(128, "Hidden size H per direction.", min=1, panel=_MODEL)
    bidirectional: bool = setting(True, "Read the text in both directions.", panel=_MODEL)
    conv_pool: int = setting(1, "cnn-rnn: must be 1, since each token needs a step.", min=1,
                             panel=_MODEL)  # fmt: skip
    epochs: int = setting(30, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(16, "Batch size, in sentences.", min=1, panel=_OPTIMISATION)
    patience: int = setting(
        10, "Stop after this many epochs without a better validation score; 0: never.", min=0,
        panel=_OPTIMISATION,
    )  # fmt: skip

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        super().check()
        if self.encoder == "cnn-rnn" and self.conv_pool != 1:
            raise UserError("--conv-pool must be 1 for a tagger, since each token needs a step")
