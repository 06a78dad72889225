"""Settings of the models (without torch, so that `--help` is fast)."""

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
        "embedding", "Token vectors: learned embeddings, one-hot, or built from characters.",
        choices=TEXT_INPUTS, panel=_PANEL,
    )  # fmt: skip
    character_unit: str = setting(
        "jamo",
        "--input characters: spell tokens in characters or in jamo.",
        choices=CHARACTER_UNITS,
        panel=_PANEL,
    )
    embedding_dim: int = setting(
        200, "Embedding size D; --vectors sets it to theirs.", min=1, panel=_PANEL
    )
    vectors: str | None = setting(
        None, "File of pretrained word vectors, word2vec text or binary.", panel=_PANEL
    )
    freeze: bool = setting(False, "Do not train the word vectors.", panel=_PANEL)
    embedding_dropout: float = setting(
        0.3, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    features: str | None = setting(
        None, "Run of train bilm; its frozen states are additional inputs (ELMo).",
        panel=_PANEL,
    )  # fmt: skip
    word_dropout: float = setting(
        0.05, "Share of tokens replaced by <unk> during training.", min=0.0, max=0.95, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class CellExtras:
    """Options of a recurrent layer beyond its basic equations."""

    recurrent_dropout: float = setting(
        0.0, "Dropout on the hidden state, with the same mask at all steps (variational).", min=0.0,
        max=0.95, panel=_PANEL,
    )  # fmt: skip
    layer_norm: bool = setting(False, "Layer normalisation inside the cell.", panel=_PANEL)
    residual: bool = setting(False, "Add a layer's input to its output.", panel=_PANEL)


@dataclass(frozen=True, kw_only=True)
class EncoderSettings(CellExtras):
    """The network over the token vectors."""

    encoder: str = setting(
        "recurrent",
        "Encoder: recurrent; directional: a separate stack for each direction; cnn: convolutions"
        " over time; cnn-rnn: convolutions, then recurrent layers.",
        choices=ENCODERS,
        panel=_PANEL,
    )
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(256, "Hidden size H per direction.", min=1, panel=_PANEL)
    layers: int = setting(1, "Number of stacked layers.", min=1, panel=_PANEL)
    bidirectional: bool = setting(False, "Read the text in both directions.", panel=_PANEL)
    conv_widths: str = setting("3,4,5", "cnn: widths of the filters, in tokens.", panel=_PANEL)
    conv_filters: int = setting(128, "cnn: number of filters of each width.", min=1, panel=_PANEL)
    conv_pool: int = setting(
        2, "cnn-rnn: max-pool this many steps before the recurrent layers.", min=1, panel=_PANEL
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
        "Pooling of the hidden states: last, maximum, mean, or all three together.",
        choices=POOLINGS,
        panel=_PANEL,
    )


@dataclass(frozen=True, kw_only=True)
class ClassifierSettings(InputSettings, EncoderSettings):
    """Settings of a classifier: its inputs and its encoder."""


@dataclass(frozen=True, kw_only=True)
class TaggerSettings(InputSettings, EncoderSettings):
    """Settings of a tagger."""

    characters: str = setting(
        "cnn",
        "Encoder of each token's characters, in addition to the token vector.",
        choices=CHARACTER_ENCODERS,
        panel=_PANEL,
    )
    input: str = setting(
        "embedding", "Token vectors: learned embeddings or one-hot.", choices=INPUTS, panel=_PANEL
    )
    crf: bool = setting(False, "Add a conditional random field over the tags.", panel=_PANEL)
    character_dim: int = setting(32, "Size of a character's vector.", min=1, panel=_PANEL)
    character_hidden: int = setting(
        64, "--characters: number of filters of each width, or hidden size.", min=1, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class Seq2SeqModelSettings(EncoderSettings):
    """Settings of an encoder and a decoder."""

    attention: str = setting(
        "general", "Attention of the decoder to the encoder's states.", choices=ATTENTIONS,
        panel=_PANEL,
    )  # fmt: skip
    embedding_dim: int = setting(
        128, "Embedding size D of encoder and decoder.", min=1, panel=_PANEL
    )
    embedding_dropout: float = setting(
        0.2, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    bidirectional: bool = setting(True, "The encoder reads in both directions.", panel=_PANEL)
    conv_pool: int = setting(
        1, "cnn-rnn: max-pool this many steps before the recurrent layers.", min=1, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(CellExtras):
    """Settings of a language model."""

    input: str = setting(
        "embedding", "Token vectors: learned embeddings or one-hot.", choices=INPUTS, panel=_PANEL
    )
    embedding_dim: int = setting(128, "Embedding size D.", min=1, panel=_PANEL)
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(384, "Hidden size H of each layer.", min=1, panel=_PANEL)
    layers: int = setting(1, "Number of stacked layers.", min=1, panel=_PANEL)
    tie_weights: bool = setting(
        False, "Use the embedding as the output matrix; the top layer gets size D.", panel=_PANEL
    )
    softmax: str = setting(
        "full",
        "Softmax: full, or adaptive, which groups words by frequency (for large vocabularies).",
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
        False, "Variational dropout: the same mask at all steps of a chunk.", panel=_PANEL
    )
    weight_drop: float = setting(
        0.0, "AWD-LSTM: dropout on the recurrent matrix W_hh.", min=0.0, max=0.95, panel=_PANEL
    )


@dataclass(frozen=True, kw_only=True)
class BiLMModelSettings:
    """Settings of a forward and a backward language model."""

    input: str = setting(
        "embedding", "Token vectors: learned embeddings, or built from characters, so that no word"
        " is unknown.",
        choices=("embedding", "characters"), panel=_PANEL,
    )  # fmt: skip
    character_unit: str = setting(
        "jamo",
        "--input characters: spell tokens in characters or in jamo.",
        choices=CHARACTER_UNITS,
        panel=_PANEL,
    )
    embedding_dim: int = setting(
        256, "Embedding size D; --vectors sets it to theirs.", min=1, panel=_PANEL
    )
    vectors: str | None = setting(
        None, "File of word vectors to start from, word2vec text or binary.", panel=_PANEL
    )
    cell: str = setting("lstm", "Recurrent cell.", choices=CELLS, panel=_PANEL)
    hidden: int = setting(256, "Hidden size H per layer and direction.", min=1, panel=_PANEL)
    layers: int = setting(1, "Number of stacked layers per direction.", min=1, panel=_PANEL)
    embedding_dropout: float = setting(
        0.1, "Dropout on the token vectors.", min=0.0, max=0.95, panel=_PANEL
    )
    dropout: float = setting(
        0.1, "Dropout between layers and before the output.", min=0.0, max=0.95, panel=_PANEL
    )
    samples: int = setting(
        1024, "Sampled softmax: negative samples in training; 0: the whole vocabulary.", min=0,
        panel=_PANEL,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CaptionModelSettings(LanguageModelSettings):
    """Settings of a language model that is conditioned on a vector."""

    condition: str = setting(
        "state",
        "Use of the vector: to compute the initial state, or as an input at each step.",
        choices=CONDITIONS,
        panel=_PANEL,
    )
    hidden: int = setting(256, "Hidden size H of each layer.", min=1, panel=_PANEL)
