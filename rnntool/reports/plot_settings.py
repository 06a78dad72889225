"""Settings of `plot` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting


@dataclass(frozen=True, kw_only=True)
class PlotSettings:
    """Settings of `plot`."""

    confusion: str | None = setting(
        None, "Draw the confusion matrix on this file of labelled data."
    )
    forecast: str | None = setting(
        None, "Draw one-step forecasts and the true values of this series."
    )
    map: bool = setting(False, "Draw a map of word vectors.")
    words: str | None = setting(None, "--map: words to draw, separated by commas.")
    top: int = setting(
        150, "--map: without --words, draw this many of the most frequent words.", min=3
    )
    method: str = setting(
        "pca", "--map: reduce to two dimensions by PCA or t-SNE.", choices=("pca", "tsne")
    )
    seed: int = setting(1, "Random seed of t-SNE.", min=0)
