"""Look at data before training: what `rnntool check` reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnntool.data.download import text_digest
from rnntool.data.labelled import alike
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.reporting import Reporter
from rnntool.text.vocabulary import UNK_ID, Vocabulary

_MINORITY = 0.1  # a class with a smaller share of what a balanced one would have is worth a word


LONG = 4096  # tokens of a text from which on a warning is due


@dataclass
class FileReport:
    """What stands in one file."""

    path: str
    format: str
    columns: list[str]
    tokenizer: str  # or "raw text"
    rows: int = 0
    empty: int = 0  # rows without text
    duplicates: int = 0  # rows whose text stood in an earlier row
    conflicting: int = 0  # duplicates whose label differs from the first one's
    labels: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0  # rows whose label is empty
    lengths: dict[str, int] = field(default_factory=dict)  # histogram: "1–5" -> rows
    length_unit: str = "tokens"
    longest: int = 0
    mean_length: float = 0.0
    unknown_rate: float | None = None  # share of tokens not in the vocabulary
    overlap: dict[str, int] = field(default_factory=dict)  # other file -> rows whose text it has
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return dict(vars(self))


def check_files(
    paths: list[str],
    options: CorpusOptions,
    report: Reporter,
    vocabulary: Vocabulary | None = None,
) -> list[FileReport]:
    """Report on files, and on texts that stand in two of them.

    Lengths of raw text are counted in words between white space.

    Raises:
        UserError: a file cannot be read, a row is damaged, or a file's tokens are of another
            tokenizer than the vocabulary's.
    """
    results: list[FileReport] = []
    texts: list[set[bytes]] = []
    for path in paths:
        result, digests = _check_file(path, options, report, vocabulary)
        for earlier, seen in zip(results, texts, strict=True):
            shared = len(seen & digests)
            result.overlap[earlier.path] = shared
            if shared:
                result.warnings.append(f"{shared:,} texts stand in {earlier.path} too")
        results.append(result)
        texts.append(digests)
    return results


def _check_file(
    path: str, options: CorpusOptions, report: Reporter, vocabulary: Vocabulary | None
) -> tuple[FileReport, set[bytes]]:
    labels: Counter[str] = Counter()
    first_label: dict[bytes, str | None] = {}
    lengths: list[int] = []
    unknown = tokens_seen = 0
    with open_corpus(path, options) as corpus, report.progress(path, None, "rows") as progress:
        layout = corpus.layout
        _require_vocabulary(vocabulary, layout.tokenizer, corpus.name)
        result = FileReport(
            path, layout.format, list(layout.columns), layout.tokenizer or "raw text"
        )
        if layout.tokenizer is None:
            result.length_unit = "words"
        for row in corpus:
            tokens = layout.tokens(row.text)
            lengths.append(len(tokens))
            result.rows += 1
            result.empty += not tokens
            if layout.label is not None:
                result.unlabelled += not row.label
                labels[row.label or ""] += 1
            if tokens:
                digest = text_digest(row.text)
                if digest in first_label:
                    result.duplicates += 1
                    result.conflicting += first_label[digest] != row.label
                first_label.setdefault(digest, row.label)
            if vocabulary is not None:
                unknown += vocabulary.encode(tokens).count(UNK_ID)
                tokens_seen += len(tokens)
            progress.advance()
    result.labels = dict(sorted(labels.items()))
    if vocabulary is not None:
        result.unknown_rate = unknown / max(1, tokens_seen)
    _measure_lengths(result, np.asarray(lengths))
    _warn(result)
    return result, set(first_label)


def _require_vocabulary(vocabulary: Vocabulary | None, tokenizer: str | None, name: str) -> None:
    if vocabulary is None or (tokenizer or "whitespace") == vocabulary.tokenizer:
        return
    raise UserError(
        f"{'raw text' if tokenizer is None else f'tokens of {tokenizer!r}'}, but the vocabulary is"
        f" of {vocabulary.tokenizer!r}",
        where=name,
        hint="check the tokens that the vocabulary was built from",
    )


def _measure_lengths(result: FileReport, lengths: Any) -> None:
    """A histogram whose bins double: 0, 1–1, 2–3, 4–7, 8–15, …"""
    if not len(lengths):
        return
    result.longest, result.mean_length = int(lengths.max()), float(lengths.mean())
    # frexp's exponent of n is the number of binary digits of n: the bin that n falls into.
    bins = np.frexp(lengths)[1]
    for digits, count in zip(*np.unique(bins, return_counts=True), strict=True):
        low, high = (0, 0) if digits == 0 else (2 ** (digits - 1), 2**digits - 1)
        name = str(low) if low == high else f"{low}–{high}"
        result.lengths[name] = int(count)


def _warn(result: FileReport) -> None:
    if result.rows == 0:
        result.warnings.append("no rows")
    if len(result.labels) == 1:
        result.warnings.append(f"one label only: {next(iter(result.labels))!r}")
    for group in alike(result.labels):
        result.warnings.append(f"labels that look alike: {', '.join(map(repr, group))}")
    for column in sorted({c for c in result.columns if result.columns.count(c) > 1}):
        result.warnings.append(f"the header names the column {column!r} twice")
    if result.unlabelled:
        result.warnings.append(f"{result.unlabelled:,} rows without a label")
    for label, count in result.labels.items():
        if count < _MINORITY * result.rows / len(result.labels):
            result.warnings.append(f"label {label!r} is rare: {count:,} of {result.rows:,} rows")
    if result.empty:
        result.warnings.append(f"{result.empty:,} rows without text")
    if result.longest > LONG:
        result.warnings.append(
            f"the longest text has {result.longest:,} {result.length_unit}: a training step holds"
            " all of them in memory; train with --max-length to cut such texts"
        )
    if result.conflicting:
        result.warnings.append(
            f"{result.conflicting:,} rows repeat an earlier text with another label"
        )
