"""Settings of `plot` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting


@dataclass(frozen=True, kw_only=True)
class PlotSettings:
    """Settings of `plot`."""

    confusion: str | None = setting(
        None, "Draw the confusion matrix on this labelled data instead of learning curves."
    )
    forecast: str | None = setting(
        None, "Draw a forecaster's one-step forecasts beside what came, on this series."
    )
    map: bool = setting(False, "Draw a map of word vectors instead.")
    words: str | None = setting(None, "--map: these words, separated by commas.")
    top: int = setting(150, "--map: without --words so many of the most frequent.", min=3)
    method: str = setting(
        "pca", "--map: from D to 2 dimensions by PCA or t-SNE.", choices=("pca", "tsne")
    )
    seed: int = setting(1, "Seed of t-SNE.", min=0)
