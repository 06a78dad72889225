"""What a sequence encoder is made of, as settings (torch-free, so that `--help` is instant)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import (
    ATTENTIONS,
    CELLS,
    CHARACTER_ENCODERS,
    CHARACTER_UNITS,
    CONDITIONS,
    ENCODERS,
    INPUTS,
    POOLINGS,
    SOFTMAXES,
    TEXT_INPUTS,
)

_PANEL = "Model"


@dataclass(frozen=True, kw_only=True)
class InputSettings:
    """How a token becomes a vector."""

    input: str = setting(
        "embedding", "How a token becomes a vector: a row of its own, or from its characters.",
        choices=TEXT_INPUTS, panel=_PANEL,
    )  # fmt: skip
    character_unit: str = setting(
        "jamo", "What a token is spelled in.", choices=CHARACTER_UNITS, panel=_PANEL
    )
    embedding_dim: int = setting(
        200, "Embedding size D (with --vectors: theirs).", min=1, panel=_PANEL
    )
    vectors: str | None = setting(
        None, "Pretrained word vectors, word2vec text or binary.", panel=_PANEL
    )
    freeze: bool = setting(False, "Keep the vectors as they are, train the rest.", panel=_PANEL)
    embedding_dropout: float = setting(
        0.3, "Share of embedding values set to 0 in training.", min=0.0, max=0.95, panel=_PANEL
    )
    features: str | None = setting(
        None, "Run of train bilm whose frozen states are read beside the vectors (ELMo).",
        panel=_PANEL,
    )  # fmt: skip
    word_dropout: float = setting(
        0.05, "Share of tokens replaced by <unk> in training.", min=0.0, max=0.95, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class CellExtras:
    """What a recurrent layer may do beyond its equations."""

    recurrent_dropout: float = setting(
        0.0, "Dropout of the state, with one mask for all steps (variational).", min=0.0,
        max=0.95, panel=_PANEL,
    )  # fmt: skip
    layer_norm: bool = setting(False, "Layer normalisation inside the cell.", panel=_PANEL)
    residual: bool = setting(False, "Add a layer's input to its output.", panel=_PANEL)


@dataclass(frozen=True, kw_only=True)
class EncoderSettings(CellExtras):
    """The network over the token vectors."""

    encoder: str = setting(
        "recurrent",
        "Recurrent; two stacks, one for each direction; convolutional over time; or that in front"
        " of a recurrent one.",
        choices=ENCODERS,
        panel=_PANEL,
    )
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(256, "Hidden size H of each direction.", min=1, panel=_PANEL)
    layers: int = setting(1, "Stacked layers.", min=1, panel=_PANEL)
    bidirectional: bool = setting(False, "Bidirectional: read backward as well.", panel=_PANEL)
    conv_widths: str = setting("3,4,5", "Widths of the convolution's filters.", panel=_PANEL)
    conv_filters: int = setting(128, "Filters of each width.", min=1, panel=_PANEL)
    conv_pool: int = setting(
        2, "cnn-rnn: the recurrent part reads the maximum of so many steps.", min=1, panel=_PANEL
    )
    dropout: float = setting(
        0.3,
        "Dropout between layers and before the output.",
        min=0.0,
        max=0.95,
        panel=_PANEL,
    )
    pooling: str = setting(
        "all",
        "Pooling of the states: the last, their maximum, their mean, or all three.",
        choices=POOLINGS,
        panel=_PANEL,
    )


@dataclass(frozen=True, kw_only=True)
class ClassifierSettings(InputSettings, EncoderSettings):
    """Both halves of a classifier."""


@dataclass(frozen=True, kw_only=True)
class TaggerSettings(InputSettings, EncoderSettings):
    """A tagger's parts."""

    characters: str = setting(
        "cnn", "Read each token's characters as well.", choices=CHARACTER_ENCODERS, panel=_PANEL
    )
    input: str = setting("embedding", "How a token becomes a vector.", choices=INPUTS, panel=_PANEL)
    crf: bool = setting(
        False, "A conditional random field over the sequence of tags.", panel=_PANEL
    )
    character_dim: int = setting(32, "Size of a character's vector.", min=1, panel=_PANEL)
    character_hidden: int = setting(
        64, "Filters of each width, or hidden size, over characters.", min=1, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class Seq2SeqModelSettings(EncoderSettings):
    """An encoder's and a decoder's parts."""

    attention: str = setting(
        "general", "Attention of the decoder over the encoder's states.", choices=ATTENTIONS,
        panel=_PANEL,
    )  # fmt: skip
    embedding_dim: int = setting(128, "Embedding size D of both sides.", min=1, panel=_PANEL)
    embedding_dropout: float = setting(
        0.2, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    bidirectional: bool = setting(True, "The encoder reads backward as well.", panel=_PANEL)
    conv_pool: int = setting(
        1, "cnn-rnn: the recurrent part reads the maximum of so many steps.", min=1, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(CellExtras):
    """What a language model is made of."""

    input: str = setting("embedding", "How a token becomes a vector.", choices=INPUTS, panel=_PANEL)
    embedding_dim: int = setting(128, "Embedding size D.", min=1, panel=_PANEL)
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(384, "Hidden size H of each layer.", min=1, panel=_PANEL)
    layers: int = setting(1, "Stacked layers.", min=1, panel=_PANEL)
    tie_weights: bool = setting(
        False, "The output matrix is the embedding; the last layer is as wide as it.", panel=_PANEL
    )
    softmax: str = setting(
        "full",
        "Softmax over the whole vocabulary at once, or by frequency classes (large vocabularies).",
        choices=SOFTMAXES,
        panel=_PANEL,
    )
    embedding_dropout: float = setting(
        0.0, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    dropout: float = setting(
        0.1, "Dropout between layers and before the output.", min=0.0, max=0.95, panel=_PANEL
    )
    locked_dropout: bool = setting(
        False, "Variational dropout: one mask for all steps of a chunk.", panel=_PANEL
    )
    weight_drop: float = setting(
        0.0, "AWD-LSTM: dropout on the recurrent matrix W_hh.", min=0.0, max=0.95, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class BiLMModelSettings:
    """What a forward and a backward language model are made of."""

    input: str = setting(
        "embedding", "A row for each token, or vectors from their characters: no word is unknown.",
        choices=("embedding", "characters"), panel=_PANEL,
    )  # fmt: skip
    character_unit: str = setting(
        "jamo", "What a token is spelled in.", choices=CHARACTER_UNITS, panel=_PANEL
    )
    embedding_dim: int = setting(
        256, "Embedding size D (with --vectors: theirs).", min=1, panel=_PANEL
    )
    vectors: str | None = setting(
        None, "Word vectors to start from, word2vec text or binary.", panel=_PANEL
    )
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(256, "Hidden size H of each layer and direction.", min=1, panel=_PANEL)
    layers: int = setting(1, "Stacked layers of each direction.", min=1, panel=_PANEL)
    embedding_dropout: float = setting(
        0.1, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    dropout: float = setting(
        0.1, "Dropout between layers and before the output.", min=0.0, max=0.95, panel=_PANEL
    )
    samples: int = setting(
        1024, "Negative samples of the softmax in training; 0: the whole vocabulary.", min=0,
        panel=_PANEL,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CaptionModelSettings(LanguageModelSettings):
    """A language model that a vector leads."""

    condition: str = setting(
        "state",
        "The vector makes the first state, or is an input at each step.",
        choices=CONDITIONS,
        panel=_PANEL,
    )
    hidden: int = setting(256, "Hidden size H of each layer.", min=1, panel=_PANEL)
