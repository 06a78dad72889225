"""The data of `train caption`: texts, a vector for each, vocabulary, validation split.

Shapes: N rows, F features.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnntool.data.sequences import Ints, Sequences, pack_sequences
from rnntool.data.split import split_off
from rnntool.data.splitter import text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.rundir import write_parts
from rnntool.formats.subword import read_subword
from rnntool.formats.vector_rows import read_vector_rows
from rnntool.reporting import Reporter
from rnntool.runs.validation import validation_share
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.text.units import Unit, unit_spec
from rnntool.text.vocabulary import Vocabulary, build_vocabulary

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Captioned:
    """N texts as numbers, `<bos> … <eos>`, each with its vector."""

    sequences: Sequences
    vectors: Floats  # [N, F]

    def __len__(self) -> int:
        return len(self.sequences)

    def take(self, rows: Ints) -> Captioned:
        """The texts `rows`."""
        return Captioned(self.sequences.take(rows), self.vectors[rows])


@dataclass(frozen=True)
class Prepared:
    """The inputs of a training, read and numbered."""

    train: Captioned
    validation: Captioned
    vocabulary: Vocabulary
    unit: Unit
    subword_model: bytes | None

    def write(self, folder: Path) -> None:
        """Write what `generate` needs into the run directory."""
        write_parts(folder, self.vocabulary, [], self.subword_model)


def prepare(text: str, features: str, settings: CaptionSettings, report: Reporter) -> Prepared:
    """Read and number texts and vectors, and split off the validation part.

    Raises:
        UserError: a file cannot be used, or the numbers of vectors and texts differ.
    """
    share = validation_share(settings.validation)
    if share is None:
        raise UserError("--validation must be a share of the rows for captioning, not a file")
    model = None if settings.subword_model is None else read_subword(settings.subword_model)
    unit = Unit(unit_spec(settings.unit, model), documents=True)
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    texts = read_texts(text, options)
    vectors = read_vector_rows(features)
    require_as_many(vectors, features, texts, text)
    worker = WorkerOptions(unit.spec.identity, model)
    limit = settings.max_length or None
    with text_splitter(unit, worker, settings.workers, report, len(texts)) as split_texts:
        whole = list(split_texts(texts))
    split = [tokens[:limit] for tokens in whole]
    cut = sum(len(tokens) < len(own) for tokens, own in zip(split, whole, strict=True))
    if cut:
        report.warn(f"{cut:,} texts were cut to --max-length {limit}")
    if share and len(split) < 2:
        raise UserError("needs at least two rows, one of them for validation", where=text)
    rows, held = split_off(len(split), share, settings.seed)
    counts = Counter(token for row in rows.tolist() for token in unit.line(split[row]))
    vocabulary = build_vocabulary(counts, unit.spec.identity, settings.min_count)
    everything = Captioned(number_texts(split, unit, vocabulary), vectors)
    report.note(
        f"{text}: {len(rows):,} texts for training, {len(held):,} for validation; vectors of size"
        f" {vectors.shape[1]}; {unit.spec.identity}, vocabulary of {len(vocabulary):,}"
    )
    return Prepared(everything.take(rows), everything.take(held), vocabulary, unit, model)


def read_texts(path: str, options: CorpusOptions) -> list[str]:
    """The texts of a file, one per row."""
    with open_corpus(path, options) as corpus:
        return [row.text for row in corpus]


def require_as_many(vectors: Floats, path: str, texts: list[str], text: str) -> None:
    """Raise a UserError if the numbers of vectors and texts differ."""
    if len(vectors) != len(texts):
        raise UserError(
            f"{len(vectors):,} vectors, but {text} has {len(texts):,} texts", where=path
        )


def number_texts(texts: Iterable[list[str]], unit: Unit, vocabulary: Vocabulary) -> Sequences:
    """Tokens as numbers, `<bos>` before and `<eos>` after them."""
    return pack_sequences(vocabulary.encode(unit.line(tokens)) for tokens in texts)
