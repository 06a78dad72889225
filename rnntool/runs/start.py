"""What the training of any task begins with: inputs and versions noted, weights taken over."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from rnntool import __version__
from rnntool.data.labelled import split_off
from rnntool.errors import UserError
from rnntool.formats.reading import STREAM, sha256_of
from rnntool.formats.rundir import VOCAB, Run, open_run
from rnntool.reporting import Reporter
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.checkpoint import load_weights, weight_shapes

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)


class _WithVectors(Protocol):
    """Settings that have `--vectors`; they are dataclasses."""

    @property
    def vectors(self) -> str | None: ...

    @property
    def seed(self) -> int: ...


S = TypeVar("S", bound=_WithVectors)


def validation_share(validation: str) -> float | None:
    """The share that `--validation` gives, or None where it names a file.

    Raises:
        UserError: it is a number that is no share.
    """
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 < share < 1:
        raise UserError(f"--validation is {validation}", hint="give a share between 0 and 1")
    return share


def hold_back(
    path: str, validation: str, seed: int, read: Callable[[str], list[T]]
) -> tuple[list[T], list[T]]:
    """What is trained on and what is validated on, each in file order.

    Args:
        validation: a share of the file, split off at random, or a file of its own.
        read: gives a file's examples.

    Raises:
        UserError: a file cannot be used, or there is nothing to hold back.
    """
    share = validation_share(validation)
    examples = read(path)
    if share is None:
        return examples, read(validation)
    if len(examples) < 2:
        raise UserError("has one example only: one more is needed to validate on", where=path,
                        hint="or give --validation FILE")  # fmt: skip
    rows, held = split_off(len(examples), share, seed)
    return [examples[row] for row in rows], [examples[row] for row in held]


def noted_inputs(paths: dict[str, str | None]) -> dict[str, object]:
    """Each input's path and sha256, for the run's configuration; None are left out."""
    return {
        name: {"path": file, "sha256": None if file == STREAM else sha256_of(file)}
        for name, file in paths.items()
        if file is not None
    }


def library_versions() -> dict[str, str]:
    """What the training ran with."""
    return {
        "rnntool": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def open_start(path: str, vocabulary: Vocabulary) -> Run:
    """The run of `--init-from`, if its vocabulary is the training's.

    Raises:
        UserError: it is no run, or its vocabulary differs.
    """
    run = open_run(path)
    if run.vocabulary.tokens != vocabulary.tokens:
        raise UserError(
            f"has another vocabulary ({len(run.vocabulary):,} entries) than this training"
            f" ({len(vocabulary):,} entries)",
            where=path,
            hint=f"train with --vocab {path}/{VOCAB}",
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
    """A fresh model with `--vectors` in its `input`, and the settings with their size.

    Raises:
        UserError: the vectors cannot be read, or know no token of the vocabulary.
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


def require_fitting(build_model: Callable[[], nn.Module], run: Run) -> None:
    """Compare the sizes that a run's settings ask for with its weights, before they are allocated.

    Raises:
        UserError: they differ: the settings or the weights are not the training's.
    """
    with torch.device("meta"):
        wanted = {name: list(t.shape) for name, t in build_model().state_dict().items()}
    found = weight_shapes(run.weights)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise UserError(f"do not fit the model: {name} is {found.get(name) or 'missing'} and"
                            f" the settings say {wanted.get(name) or 'nothing of it'}",
                            where=run.weights)  # fmt: skip


def restore_weights(model: nn.Module, run: Run) -> None:
    """Put a run's weights into a model.

    Raises:
        UserError: they are damaged, or of another shape.
    """
    try:
        model.load_state_dict(load_weights(run.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"do not fit the model: {reason}", where=run.weights) from None
