"""Labelled documents as numbers, for classification."""

from __future__ import annotations

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
    label: str
    text: str  # of raw text, as it stands in the file


@dataclass(frozen=True)
class Labelled:
    """N documents and their labels' numbers."""

    sequences: Sequences
    labels: Ints  # [N]
    cut: int  # documents that were cut to the length allowed
    targets: NDArray[np.float32] | None = None  # [N, C] what is to be learned, if not the labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Ints) -> Labelled:
        """The documents `rows`."""
        targets = None if self.targets is None else self.targets[rows]
        return Labelled(self.sequences.take(rows), self.labels[rows], 0, targets)


def join_labelled(first: Labelled, second: Labelled) -> Labelled:
    """The documents of both, which have targets."""
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
    """A labelled tokens file, read once: tokens as text, to be numbered later."""

    path: str
    tokenizer: str
    model: str | None
    documents: list[Document]
    marked: bool = True  # whether its first line says that it holds tokens

    def labels(self) -> list[str]:
        """The distinct labels, sorted."""
        return sorted({document.label for document in self.documents})

    def token_counts(self) -> Counter[str]:
        """How often each token stands in it."""
        counts: Counter[str] = Counter()
        for document in self.documents:
            counts.update(document.tokens)
        return counts


def read_token_file(path: str, options: CorpusOptions) -> TokenFile:
    """Read labelled tokens; a file without our first line holds white-space-separated tokens.

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
                require_label(corpus, row),
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
    """Labels that differ in white space or in how a number is written only: ` 1`, `1` and `1.0`."""
    groups: dict[str, list[str]] = {}
    for label in sorted(set(labels)):
        number = finite_number(label.strip())
        groups.setdefault(label.strip() if number is None else repr(number), []).append(label)
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
            else "labelled data is a table with a header, JSON lines, `__label__x text` or a"
            " folder a label",
        )


def require_label(corpus: Corpus, row: Row) -> str:
    """The row's label, or a UserError if it is empty."""
    if row.several is not None and len(row.several) > 1:
        raise UserError(f"has {len(row.several)} labels ({row.label})", where=corpus.place(row),
                        hint="give --multi-label to train on several labels a text")  # fmt: skip
    if not row.label:
        raise UserError("the label is empty", where=corpus.place(row))
    return row.label


def label_numbers(labels: Iterator[tuple[int, str]], known: list[str], path: str) -> Ints:
    """Numbers of labels, given with their lines.

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


def encode(file: TokenFile, vocabulary: Vocabulary, labels: list[str], max_length: int) -> Labelled:
    """Number a file's tokens and labels, and cut documents to `max_length` tokens (0: keep all).

    Raises:
        UserError: a label is not among `labels`.
    """
    limit = max_length or None
    sequences = pack_sequences(vocabulary.encode(d.tokens[:limit]) for d in file.documents)
    numbers = label_numbers(((d.line, d.label) for d in file.documents), labels, file.path)
    cut = sum(len(d.tokens) > max_length for d in file.documents) if max_length else 0
    return Labelled(sequences, numbers, cut)


def split_off(count: int, share: float, seed: int) -> tuple[Ints, Ints]:
    """Row numbers for training and for validation, both in file order, at random by `seed`.

    A share above 0 holds back one row at least; 0 none.
    """
    held = max(1, round(count * share)) if share else 0
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held:]), np.sort(order[:held])
