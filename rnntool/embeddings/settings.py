"""Settings of `train-embeddings` (without gensim, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.registry import TEXT_FLAGS


@dataclass(frozen=True, kw_only=True)
class EmbeddingSettings:
    """The settings of word2vec, named as in word2vec and fastText."""

    dim: int = setting(200, "Size D of a vector.", min=1)
    window: int = setting(5, "Maximum number of context words on each side.", min=1)
    min_count: int = setting(2, "Leave out words that occur less often.", min=1)
    epochs: int = setting(10, "Number of epochs.", min=1)
    negative: int = setting(5, "Negative samples per word; 0: none.", min=0)
    hs: bool = setting(False, "Hierarchical softmax (with --negative 0).")
    sample: float = setting(0.001, "Subsampling threshold for frequent words.", min=0.0)
    lr: float = setting(0.025, "Initial learning rate; it decreases to 0.0001.", min=0.0)
    subword: bool = setting(
        False, "fastText: add vectors of character n-grams; write a .bin file to keep them."
    )
    min_n: int = setting(2, "--subword: shortest n-gram, in characters.", min=1)
    max_n: int = setting(5, "--subword: longest n-gram.", min=1)
    buckets: int = setting(200_000, "--subword: number of hash buckets for the n-grams.", min=1)
    seed: int = setting(
        1, "Random seed; with --threads 1 the same seed gives the same file.", min=0
    )
    threads: int = setting(0, "Number of threads; 0: all cores.", min=0)
    text_column: str | None = setting(
        None, "Column or JSON field of the tokens, in a file from another tool.", flag=TEXT_FLAGS
    )
    encoding: str = setting("utf-8", "Encoding of the input.")
