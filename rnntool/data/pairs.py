"""Pairs of texts: a source to read, and a target to write."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.data.sequences import Ints, Sequences
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus

SOURCE_COLUMNS = ("source", "question", "src", "input", "Q")
TARGET_COLUMNS = ("target", "answer", "tgt", "output", "A")


@dataclass(frozen=True)
class Pair:
    """A source and its target, as in the file."""

    line: int
    source: str
    target: str


@dataclass(frozen=True)
class NumberedPairs:
    """N pairs as numbers; a target ends with `<eos>`."""

    sources: Sequences
    targets: Sequences

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> Ints:
        """[N] tokens of both sides together."""
        return self.sources.lengths + self.targets.lengths

    def take(self, rows: Ints) -> NumberedPairs:
        """The pairs with the numbers `rows`."""
        return NumberedPairs(self.sources.take(rows), self.targets.take(rows))


def pair_options(
    source: str | None, target: str | None, encoding: str, format: str = "auto"
) -> CorpusOptions:
    """Options for a table with a column to read and a column to write."""
    return CorpusOptions(format, source, target, encoding, SOURCE_COLUMNS, TARGET_COLUMNS)


def read_pairs(path: str, options: CorpusOptions) -> list[Pair]:
    """The pairs of a TSV or CSV with a header.

    Raises:
        UserError: the file cannot be read, lacks one of the columns, or has an empty cell in them.
    """
    pairs = []
    with open_corpus(path, options) as corpus:
        if corpus.layout.label is None:
            columns = ", ".join(corpus.layout.columns)
            raise UserError(
                "which columns contain source and target?", where=corpus.name,
                hint="give --source-column and --target-column"
                + (f"; the columns are: {columns}" if columns else ", and a header line above"),
            )  # fmt: skip
        for row in corpus:
            for name, text in (("source", row.text), ("target", row.label)):
                if not (text or "").strip():
                    raise UserError(f"the {name} is empty", where=corpus.place(row))
            pairs.append(Pair(row.line, row.text, row.label or ""))
    if not pairs:
        raise UserError("has a header but no rows", where=path)
    return pairs
