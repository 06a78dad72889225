"""Settings of `train tag` (torch-free, so that `--help` is instant)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.formats.tagged import FORMATS
from rnntool.models.settings import TaggerSettings
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a tagger, many to many and aligned: a label for each token.

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
        "auto", "Form of the data: CoNLL-U, columns, or a table of `tokens` and `tags`.",
        choices=FORMATS[:-1], panel=_DATA,
    )  # fmt: skip
    token_column: str | None = setting(
        None, "Column of the token, by name or number from 1.", panel=_DATA
    )
    tag_column: str | None = setting(
        None, "Column of the tag (CoNLL-U: upos; columns: the last).", panel=_DATA
    )
    min_count: int = setting(1, "Leave out tokens seen fewer times.", min=1, panel=_DATA)
    validation: str = setting(
        "0.1",
        "Validation data: a share of the sentences, at random, or a file; 0: none.",
        panel=_DATA,
    )
    encoding: str = setting("utf-8", "Encoding of the data files.", panel=_DATA)


@dataclass(frozen=True, kw_only=True)
class TagSettings(TrainingSettings, TaggerSettings, TagDataSettings):
    """Everything `train tag` can be told."""

    embedding_dim: int = setting(
        64, "Embedding size D (with --vectors: theirs).", min=1, panel=_MODEL
    )
    word_dropout: float = setting(
        0.25, "Share of tokens replaced by <unk> in training; their characters stay.", min=0.0,
        max=0.95, panel=_MODEL,
    )  # fmt: skip
    hidden: int = setting(128, "Hidden size H of each direction.", min=1, panel=_MODEL)
    bidirectional: bool = setting(True, "Bidirectional: read backward as well.", panel=_MODEL)
    conv_pool: int = setting(1, "cnn-rnn: must be 1, as each token needs its step.", min=1,
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
            raise UserError("--conv-pool must be 1: each token needs a step of its own")
