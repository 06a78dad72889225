"""Initial weights of a training: from word vectors, or from another run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import torch
from torch import nn

from rnntool.errors import UserError
from rnntool.formats.rundir import VOCAB, Run, require_whole
from rnntool.reporting import Reporter
from rnntool.runs.open import open_run
from rnntool.text.vocabulary import Vocabulary

M = TypeVar("M", bound=nn.Module)


class _WithVectors(Protocol):
    """A dataclass of settings with `--vectors`."""

    @property
    def vectors(self) -> str | None: ...

    @property
    def seed(self) -> int: ...


S = TypeVar("S", bound=_WithVectors)


def open_start(path: str, vocabulary: Vocabulary) -> Run:
    """Open the run of `--init-from`.

    Raises:
        UserError: the path is not a run or is a compressed one, or its vocabulary is not that of
            the training.
    """
    run = require_whole(open_run(path), "--init-from")
    if run.vocabulary.tokens != vocabulary.tokens:
        raise UserError(
            f"has a different vocabulary ({len(run.vocabulary):,} entries) than this training"
            f" ({len(vocabulary):,} entries)",
            where=path,
            hint=f"train with --vocab {run.path / VOCAB}",
        )
    return run


def start_from_vectors(
    settings: S,
    vocabulary: Vocabulary,
    build_model: Callable[[S], M],
    report: Reporter,
    *,
    freeze: bool = False,
) -> tuple[M, S]:
    """An untrained model with `--vectors` as its embeddings, and the settings with their size.

    Raises:
        UserError: the vectors cannot be read, or contain no token of the vocabulary.
    """
    if settings.vectors is None:
        return build_model(settings), settings
    from rnntool.embeddings.matrix import load_matrix

    matrix = load_matrix(settings.vectors, vocabulary, seed=settings.seed)
    report.note(matrix.coverage_report())
    size = matrix.weights.shape[1]
    resolved: S = replace(settings, embedding_dim=size)  # type: ignore[type-var]
    model = build_model(resolved)
    model.input.load_vectors(torch.from_numpy(matrix.weights), freeze)  # type: ignore[operator,union-attr]
    return model, resolved
