"""Checks of data before training, for `rnntool check`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from rnntool.data.download import text_digest
from rnntool.data.labelled import alike, labels_of
from rnntool.data.near import Near, Signatures, nearly_in
from rnntool.data.split import uneven
from rnntool.data.suspects import LabelledSample, Suspect, find_suspects
from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, CorpusOptions, Row, open_corpus
from rnntool.formats.reading import count_lines
from rnntool.registry import SEPARATOR
from rnntool.reporting import Reporter
from rnntool.text.vocabulary import UNK_ID, Vocabulary

_MINORITY = 0.1  # classes below this share of a balanced class's rows are reported


LONG = 4096  # tokens; longer texts cause a warning


@dataclass
class FileReport:
    """The findings for one file."""

    path: str
    format: str
    columns: list[str]
    tokenizer: str  # or "raw text"
    rows: int = 0
    empty: int = 0  # rows without text
    duplicates: int = 0  # rows whose text also occurs in an earlier row
    conflicting: int = 0  # duplicates whose label differs from the first one's
    labels: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0  # rows whose label is empty
    lengths: dict[str, int] = field(default_factory=dict)  # histogram: "1–5" -> rows
    length_unit: str = "tokens"
    longest: int = 0
    mean_length: float = 0.0
    unknown_rate: float | None = None  # share of tokens not in the vocabulary
    overlap: dict[str, int] = field(default_factory=dict)  # other file -> rows also there
    near: dict[str, list[Near]] = field(default_factory=dict)  # the same, near-duplicates
    examined: int = 0  # rows whose label was checked
    suspects: list[Suspect] = field(default_factory=list)  # rows whose label looks wrong
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return asdict(self)


def check_files(
    paths: list[str],
    options: CorpusOptions,
    report: Reporter,
    vocabulary: Vocabulary | None = None,
    *,
    separator: str | None = None,
    near: float = 0.0,
    suspects: bool = False,
) -> list[FileReport]:
    """Report on files, and on texts that occur in two of them.

    Lengths of raw text are counted in words between white space.

    Args:
        separator: between the labels of a text; None: each text has exactly one.
        near: the least similarity of near-duplicates between two files; 0: do not search for them.
        suspects: whether to search for labels that look wrong.

    Raises:
        UserError: a file cannot be read, a row is damaged, or a file's tokens come from
            another tokenizer than the vocabulary's.
    """
    readings: list[_Reading] = []
    for path in paths:
        reading = _Reading(vocabulary, separator, near > 0, suspects)
        result = reading.read(path, options, report)
        for earlier in readings:
            _compare(reading, earlier, near)
        if suspects and not reading.several:
            result.suspects = find_suspects(reading.sample, report)
            result.examined = len(reading.sample.rows)
            _warn_of_suspects(result)
        readings.append(reading)
    return [reading.result for reading in readings]


class _Reading:
    """One file, read once."""

    result: FileReport

    def __init__(
        self, vocabulary: Vocabulary | None, separator: str | None, near: bool, suspects: bool
    ) -> None:
        self.vocabulary, self.separator = vocabulary, separator
        self.near, self.suspects = near, suspects
        self.labels: Counter[str] = Counter()
        self.first_label: dict[bytes, str | None] = {}  # by the text's digest
        self.lengths: list[int] = []
        self.signatures, self.sample = Signatures(), LabelledSample()
        self.several = separator is not None
        self._unknown = self._tokens = 0

    def read(self, path: str, options: CorpusOptions, report: Reporter) -> FileReport:
        with (
            open_corpus(path, options) as corpus,
            report.progress(path, count_lines([path]), "rows") as progress,
        ):
            layout = corpus.layout
            _require_vocabulary(self.vocabulary, layout.tokenizer, corpus.name)
            result = self.result = FileReport(
                path, layout.format, list(layout.columns), layout.tokenizer or "raw text"
            )
            if layout.tokenizer is None:
                result.length_unit = "words"
            for row in corpus:
                self._take(corpus, row)
                progress.advance()
        result.labels = dict(sorted(self.labels.items()))
        if self.vocabulary is not None:
            result.unknown_rate = self._unknown / max(1, self._tokens)
        _measure_lengths(result, np.asarray(self.lengths))
        _warn(result, self.several)
        return result

    def _take(self, corpus: Corpus, row: Row) -> None:
        result, tokens = self.result, corpus.layout.tokens(row.text)
        self.lengths.append(len(tokens))
        result.rows += 1
        result.empty += not tokens
        if corpus.layout.label is not None:
            self._take_label(corpus, row)
        if tokens:
            digest = text_digest(row.text)
            if digest in self.first_label:
                result.duplicates += 1
                result.conflicting += self.first_label[digest] != row.label
            self.first_label.setdefault(digest, row.label)
            if self.near:
                self.signatures.add(row.line, row.text, digest)
            if self.suspects and row.label:
                self.sample.add(row.line, row.label, row.text)
        if self.vocabulary is not None:
            self._unknown += self.vocabulary.encode(tokens).count(UNK_ID)
            self._tokens += len(tokens)

    def _take_label(self, corpus: Corpus, row: Row) -> None:
        self.several = self.several or len(row.several or ()) > 1
        if self.separator is None and row.several is None:
            self.labels[row.label or ""] += 1
            self.result.unlabelled += not row.label
            return
        found = labels_of(corpus, row, self.separator or SEPARATOR)
        self.labels.update(found)
        self.result.unlabelled += not found


def _compare(later: _Reading, earlier: _Reading, near: float) -> None:
    """Find texts of one file that also occur, or nearly occur, in another."""
    result, other = later.result, earlier.result.path
    shared = len(earlier.first_label.keys() & later.first_label.keys())
    result.overlap[other] = shared
    if shared:
        result.warnings.append(f"{shared:,} texts stand in {other} too")
    if near > 0:
        found = nearly_in(later.signatures, earlier.signatures, near, earlier.first_label)
        result.near[other] = found
        if found:
            pairs = ", ".join(f"line {one.line} as its line {one.other}" for one in found[:3])
            result.warnings.append(
                f"{len(found):,} texts stand in {other} nearly the same ({pairs}"
                f"{', …' if len(found) > 3 else ''}): a score on them is no score on new texts"
            )


def _warn_of_suspects(result: FileReport) -> None:
    if result.suspects:
        result.warnings.append(
            f"{len(result.suspects):,} labels of {result.examined:,} look wrong to a simple model;"
            " check these rows"
        )


def warn_of_long(longest: int, report: Reporter, cure: str = "") -> None:
    """Warn that training keeps a whole text in memory, however long it is.

    Args:
        longest: tokens of the longest text.
        cure: advice for the user.
    """
    if longest > LONG:
        report.warn(f"the longest text has {longest:,} tokens and needs much memory{cure}")


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
    # frexp's exponent of n is its number of binary digits, which is the index of its bin.
    bins = np.frexp(lengths)[1]
    for digits, count in zip(*np.unique(bins, return_counts=True), strict=True):
        low, high = (0, 0) if digits == 0 else (2 ** (digits - 1), 2**digits - 1)
        name = str(low) if low == high else f"{low}–{high}"
        result.lengths[name] = int(count)


def _warn(result: FileReport, several: bool) -> None:
    if result.rows == 0:
        result.warnings.append("no rows")
    if len(result.labels) == 1 and not several:
        result.warnings.append(f"one label only: {next(iter(result.labels))!r}")
    for group in alike(result.labels):
        result.warnings.append(f"labels that look alike: {', '.join(map(repr, group))}")
    for column in sorted({c for c in result.columns if result.columns.count(c) > 1}):
        result.warnings.append(f"the header names the column {column!r} twice")
    if result.unlabelled and not several:
        result.warnings.append(f"{result.unlabelled:,} rows without a label")
    for label, count in result.labels.items():
        if count < _MINORITY * result.rows / len(result.labels):
            result.warnings.append(f"label {label!r} is rare: {count:,} of {result.rows:,} rows")
    counts = np.array(list(result.labels.values()))
    if len(counts) > 1 and not several and uneven(counts):
        result.warnings.append(
            f"the classes are uneven: the largest has {counts.max() / counts.min():.1f} times the"
            " rows of the smallest; train with --class-weight balanced, --monitor macro_f1 or both"
        )
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
