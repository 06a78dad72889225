"""Labelled documents as numbers, for classification."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnntool.data.sequences import Ints, Sequences, pack_sequences
from rnntool.errors import UserError, one_of
from rnntool.formats.corpus import Corpus, CorpusOptions, Row, open_corpus
from rnntool.formats.fields import finite_number
from rnntool.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Document:
    """A labelled row as tokens."""

    line: int
    tokens: list[str]
    labels: tuple[str, ...]  # one; any number if texts may have several
    text: str  # the raw text, as in the file; empty for tokens


@dataclass(frozen=True)
class Labelled:
    """N documents and the numbers of their labels."""

    sequences: Sequences
    labels: Ints  # [N]; with several labels per text: the rarest one, or C if it has none
    cut: int  # documents that were cut to the largest length
    # [N, C] targets, if they are not the labels; with several labels per text: 1 for each
    targets: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Ints) -> Labelled:
        """The documents with the numbers `rows`."""
        targets = None if self.targets is None else self.targets[rows]
        return Labelled(self.sequences.take(rows), self.labels[rows], 0, targets)


def join_labelled(first: Labelled, second: Labelled) -> Labelled:
    """The documents of both; both must have targets."""
    assert first.targets is not None
    assert second.targets is not None
    a, b = first.sequences, second.sequences
    offsets = np.concatenate([a.offsets, b.offsets[1:] + a.offsets[-1]])
    return Labelled(
        Sequences(np.concatenate([a.ids, b.ids]), offsets),
        np.concatenate([first.labels, second.labels]),
        first.cut + second.cut,
        np.concatenate([first.targets, second.targets]),
    )


@dataclass(frozen=True)
class TokenFile:
    """A labelled tokens file in memory: tokens are text, and are numbered later."""

    path: str
    tokenizer: str
    model: str | None
    documents: list[Document]
    marked: bool = True  # whether its first line says that it holds tokens

    def labels(self) -> list[str]:
        """The distinct labels, sorted."""
        return sorted({label for document in self.documents for label in document.labels})

    def token_counts(self) -> Counter[str]:
        """How often each token occurs in it."""
        counts: Counter[str] = Counter()
        for document in self.documents:
            counts.update(document.tokens)
        return counts


def read_token_file(path: str, options: CorpusOptions, separator: str | None = None) -> TokenFile:
    """Read labelled tokens; in a file without our first line, white space separates tokens.

    Args:
        separator: between the labels of a text; None: each text has exactly one.

    Raises:
        UserError: it cannot be read, has no label column, no rows, or a row without a label.
    """
    with open_corpus(path, options) as corpus:
        require_labels(corpus)
        identity = corpus.layout.tokenizer
        documents = [
            Document(
                row.line,
                corpus.layout.tokens(row.text),
                labels_of(corpus, row, separator),
                row.text if identity is None else "",
            )
            for row in corpus
        ]
        if not documents:
            raise UserError("has a header but no rows", where=corpus.name)
        return TokenFile(
            path, identity or "whitespace", corpus.layout.model, documents, identity is not None
        )


def alike(labels: Iterable[str]) -> list[list[str]]:
    """Groups of almost equal labels: ` 1`, `1` and `1.0`; `Yes`, `yes` and full-width `ＹＥＳ`."""
    groups: dict[str, list[str]] = {}
    for label in sorted(set(labels)):
        plain = unicodedata.normalize("NFKC", label).strip().casefold()
        number = finite_number(plain)
        groups.setdefault(plain if number is None else repr(number), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def require_labels(corpus: Corpus) -> None:
    """Raise a UserError if the corpus has no label column."""
    if corpus.layout.label is None:
        columns = ", ".join(corpus.layout.columns)
        raise UserError(
            "has no label column",
            where=corpus.name,
            hint=f"give --label-column, one of: {columns}"
            if columns
            else "give a table with a header, JSON lines or `__label__x text`; --format says which",
        )


def require_label(corpus: Corpus, row: Row) -> str:
    """The row's label, or a UserError if it is empty."""
    if row.several is not None and len(row.several) > 1:
        raise UserError(f"has {len(row.several)} labels ({row.label})", where=corpus.place(row),
                        hint="give --multi-label to train on several labels per text")  # fmt: skip
    if not row.label:
        raise UserError("the label is empty", where=corpus.place(row))
    return row.label


def labels_of(corpus: Corpus, row: Row, separator: str | None) -> tuple[str, ...]:
    """The row's labels: exactly one, or with a separator any number.

    Args:
        separator: between the labels of a table's cell; None: there is exactly one.

    Raises:
        UserError: there must be exactly one label, and there is none or several.
    """
    if separator is None:
        return (require_label(corpus, row),)
    listed = (row.label or "").split(separator) if row.several is None else row.several
    return tuple(dict.fromkeys(label.strip() for label in listed if label.strip()))


def label_numbers(labels: Iterator[tuple[int, str]], known: list[str], path: str) -> Ints:
    """Numbers of labels; each is given with its line.

    Raises:
        UserError: a label is not among the known ones.
    """
    number = {label: i for i, label in enumerate(known)}
    result = []
    for line, label in labels:
        if label not in number:
            raise UserError(
                f"label {label!r} was not seen in training",
                where=f"{path}:{line}",
                hint=one_of(label, known),
            )
        result.append(number[label])
    return np.asarray(result, dtype=np.int64)


def label_matrix(
    labels: Iterable[tuple[int, tuple[str, ...]]], known: list[str], path: str
) -> NDArray[np.float32]:
    """[N, C] with 1 for each label of a text; each text's labels are given with their line.

    Raises:
        UserError: a label is not among the known ones.
    """
    rows = list(labels)
    flat = [(n, line, label) for n, (line, own) in enumerate(rows) for label in own]
    found = np.zeros((len(rows), len(known)), dtype=np.float32)
    numbers = label_numbers(((line, label) for _, line, label in flat), known, path)
    found[[n for n, _, _ in flat], numbers] = 1
    return found


def rarest_labels(matrix: NDArray[np.float32]) -> Ints:
    """[N] for each text, the rarest of its labels; C if it has none."""
    counts = np.where(matrix > 0, matrix.sum(axis=0), np.inf)
    found: Ints = np.where(matrix.any(axis=1), counts.argmin(axis=1), matrix.shape[1])
    return found


def strata_of(file: TokenFile, labels: list[str], several: bool) -> Ints:
    """[N] each document's class for a split; with several labels, the rarest one.

    Raises:
        UserError: a label is not among `labels`.
    """
    if several:
        return rarest_labels(_matrix_of(file, labels))
    return label_numbers(((d.line, d.labels[0]) for d in file.documents), labels, file.path)


def _matrix_of(file: TokenFile, labels: list[str]) -> NDArray[np.float32]:
    return label_matrix(((d.line, d.labels) for d in file.documents), labels, file.path)


def encode(
    file: TokenFile,
    vocabulary: Vocabulary,
    labels: list[str],
    max_length: int,
    several: bool = False,
) -> Labelled:
    """Number a file's tokens and labels, and cut documents to `max_length` tokens (0: keep all).

    Args:
        several: whether a text may have several labels.

    Raises:
        UserError: a label is not among `labels`.
    """
    limit = max_length or None
    sequences = pack_sequences(vocabulary.encode(d.tokens[:limit]) for d in file.documents)
    cut = sum(len(d.tokens) > max_length for d in file.documents) if max_length else 0
    if several:
        matrix = _matrix_of(file, labels)
        return Labelled(sequences, rarest_labels(matrix), cut, matrix)
    return Labelled(sequences, strata_of(file, labels, several), cut)
