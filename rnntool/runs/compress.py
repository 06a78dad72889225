"""`rnntool compress`: a run directory at a quarter of its size.

Matrices become int8 with one scale per row, and the vocabulary may lose its rare tokens.

Shapes: V vocabulary, D embedding.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.int8 import in_eight_bits
from rnntool.formats.reading import sha256_of
from rnntool.formats.run_folder import require_replaceable, size_of
from rnntool.formats.rundir import (
    CARD,
    CHECKPOINT,
    COMPRESSED_FORMAT,
    CONFIG,
    FILES,
    VOCAB,
    WEIGHTS,
    Run,
    write_config,
)
from rnntool.formats.vocab import write_vocabulary
from rnntool.formats.weights import read_weights
from rnntool.formats.writing import umask, write_directory
from rnntool.models.tensor_names import rows_of_tokens
from rnntool.reporting import Reporter
from rnntool.runs.compress_settings import CompressSettings
from rnntool.runs.open import open_run
from rnntool.text.vocabulary import SPECIALS, UNK_ID, Vocabulary
from rnntool.training.folder import read_position

# Written anew; and the card, whose score and sums are those of the run before.
_NOT_COPIED = (CONFIG, VOCAB, WEIGHTS, CARD)
_CUT = ("classify", "tag", "lm")  # tasks whose vocabulary can be cut

Ints = NDArray[np.int64]
Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Sizes:
    """The result of a compression."""

    bytes_before: int  # of all files that prediction needs
    bytes_after: int
    vocabulary_before: int
    vocabulary_after: int

    @property
    def share(self) -> float:
        """The size after compression as a share of the size before."""
        return self.bytes_after / max(1, self.bytes_before)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {**vars(self), "share": round(self.share, 4)}


def compress(
    path: str, output: str, settings: CompressSettings, report: Reporter, *, force: bool = False
) -> Sizes:
    """Write a copy of a run with int8 matrices and, if requested, a smaller vocabulary.

    Raises:
        UserError: it is not a run, is compressed already, its vocabulary cannot be cut, or the
            output may not be replaced.
    """
    run = open_run(path)
    run.note(report)
    if run.config.compressed:
        raise UserError("is compressed already", where=path,
                        hint="give the run that it was made from")  # fmt: skip
    require_replaceable(output, force)
    if Path(output).resolve() == run.path.resolve():
        raise UserError("would replace the run that it is made from", where=output,
                        hint="give another name: a training needs its weights")  # fmt: skip
    kept = _kept(run, settings)
    tensors: Weights = read_weights(run.weights)
    vocabulary = run.vocabulary
    if len(kept) < len(vocabulary):
        tensors, vocabulary = _cut(run, tensors, kept)
    _write(run, output, tensors, vocabulary)
    return Sizes(size_of(run.path), size_of(Path(output)), len(run.vocabulary), len(vocabulary))


def _kept(run: Run, settings: CompressSettings) -> Ints:
    """Numbers of the tokens to keep, in order: the special and the most frequent tokens."""
    counts = np.array(run.vocabulary.counts)
    kept = np.arange(len(counts))
    if settings.max_vocab is None and settings.min_count == 1:
        return kept
    if run.config.task not in _CUT:
        raise UserError(f"is a run of {run.config.task}, whose vocabulary is not cut",
                        where=run.path, hint="leave out --max-vocab and --min-count")  # fmt: skip
    order = np.argsort(-counts[len(SPECIALS) :], kind="stable") + len(SPECIALS)
    order = order[counts[order] >= settings.min_count]
    if settings.max_vocab is not None:
        order = order[: max(0, settings.max_vocab - len(SPECIALS))]
    if len(order) == 0 and len(counts) > len(SPECIALS):
        raise UserError(f"no token is seen {settings.min_count} times", where=run.path / VOCAB,
                        hint="try a smaller --min-count")  # fmt: skip
    return np.concatenate([kept[: len(SPECIALS)], np.sort(order)])


def _cut(run: Run, tensors: Weights, kept: Ints) -> tuple[Weights, Vocabulary]:
    """The weights and the vocabulary without the other tokens, which are then read as `<unk>`.

    Raises:
        UserError: the layout of the weights depends on the whole vocabulary.
    """
    old = run.vocabulary
    names = rows_of_tokens(tensors)
    if not names or any(tensors[name].shape[0] != len(old) for name in names):
        raise UserError(
            "has token vectors of another kind than rows of a table (one-hot, --features, or an"
            " adaptive softmax): its vocabulary is not cut", where=run.path,
            hint="leave out --max-vocab and --min-count",
        )  # fmt: skip
    counts = [old.counts[i] for i in kept.tolist()]
    counts[UNK_ID] += sum(old.counts) - sum(counts)
    vocabulary = Vocabulary(tuple(old.tokens[i] for i in kept.tolist()), tuple(counts),
                            old.tokenizer, old.min_count)  # fmt: skip
    return {n: t[kept] if n in names else t for n, t in tensors.items()}, vocabulary


def _write(run: Run, output: str, tensors: Weights, vocabulary: Vocabulary) -> None:
    from safetensors.numpy import save_file

    compressed = {
        "weights": "int8, a scale a row",
        "sha256 of the weights before": sha256_of(str(run.weights)),
        "vocabulary before": len(run.vocabulary),
    }
    results = dict(run.config.results) or _so_far(run)
    if "parameters" in results:
        results["parameters"] -= _numbers_less(run, tensors, len(vocabulary))
    config = replace(run.config, format=COMPRESSED_FORMAT, compressed=compressed, results=results)
    with write_directory(output) as folder:
        write_config(folder, config)
        for name in FILES:
            if name not in _NOT_COPIED and (run.path / name).is_file():
                shutil.copyfile(run.path / name, folder / name)
        if (run.path / VOCAB).is_file():
            write_vocabulary(str(folder / VOCAB), vocabulary)
        save_file(in_eight_bits(tensors), folder / WEIGHTS)
        os.chmod(folder / WEIGHTS, 0o666 & ~umask())  # the library allows only its owner to read it


def _so_far(run: Run) -> dict[str, Any]:
    """The results of an unfinished training: those of the epoch whose weights it kept so far."""
    if not (run.path / CHECKPOINT).is_dir():
        return {}
    position = read_position(run.path)
    best, history = position["best_epoch"], position["history"]
    if not best:
        return {}
    figures = {n: value for n, value in history[best - 1].items() if n.startswith("validation_")}
    return {"best_epoch": best, **figures, "epochs": len(history), "interrupted": True}


def _numbers_less(run: Run, tensors: Weights, V: int) -> int:
    """The number of parameters removed with the vocabulary (V is left); tied ones count once."""
    cut = [tensors[name] for name in rows_of_tokens(tensors)]
    tied = bool(run.config.settings.get("tie_weights"))
    widths = [t[0].size for t in cut[: 1 if tied else None] if np.issubdtype(t.dtype, np.floating)]
    biases = [1 for t in cut[1:] if tied and t.ndim == 1]
    return int((len(run.vocabulary) - V) * (sum(widths) + sum(biases)))
