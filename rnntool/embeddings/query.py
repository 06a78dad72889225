"""Queries of word vectors: neighbours, analogies, agreement with human similarity scores."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from rnntool.errors import UserError, nearest
from rnntool.formats.fields import finite_number, split_csv
from rnntool.formats.reading import read_lines
from rnntool.formats.vectors import read_vectors

Neighbor = tuple[str, float]  # word, cosine


@dataclass(frozen=True)
class Similarity:
    """How well cosines agree with human scores."""

    pairs: int  # in the file
    covered: int  # pairs both of whose words have a vector
    spearman: float
    pearson: float
    missing: list[str]  # words without a vector, in the order of the file

    @property
    def coverage(self) -> float:
        """Share of the pairs that are covered."""
        return self.covered / self.pairs


class Embeddings:
    """Word vectors, ready for queries.

    Args:
        path: word2vec text or binary, or fastText's binary.

    Raises:
        UserError: the file cannot be used.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.vectors: Any = read_vectors(path)

    def neighbors(self, word: str, count: int = 10) -> list[Neighbor]:
        """The words whose vectors have the highest cosine with this word's vector.

        Raises:
            UserError: the word has no vector.
        """
        self._require(word)
        return list(self.vectors.most_similar(word, topn=count))

    def analogy(self, a: str, b: str, c: str, count: int = 10) -> list[Neighbor]:
        """Words near a − b + c (Mikolov et al. 2013c; 3CosAdd in Levy and Goldberg 2014, eq. 2).

        Raises:
            UserError: a word has no vector.
        """
        for word in (a, b, c):
            self._require(word)
        return list(self.vectors.most_similar(positive=[a, c], negative=[b], topn=count))

    def similarity(self, path: str) -> Similarity:
        """Spearman's and Pearson's correlation of cosines with the scores of a CSV of word pairs.

        Raises:
            UserError: the file cannot be used, or fewer than three pairs are covered.
        """
        from scipy.stats import pearsonr, spearmanr

        pairs = read_pairs(path)
        known = [(a, b, score) for a, b, score in pairs if self._has(a) and self._has(b)]
        words = [word for a, b, _ in pairs for word in (a, b)]
        missing = list(dict.fromkeys(word for word in words if not self._has(word)))
        if len(known) < 3:
            raise UserError(
                f"only {len(known)} of {len(pairs)} pairs have vectors in {self.path}", where=path
            )
        ours = [float(self.vectors.similarity(a, b)) for a, b, _ in known]
        human = [score for *_, score in known]
        return Similarity(
            pairs=len(pairs),
            covered=len(known),
            spearman=float(spearmanr(ours, human).statistic),
            pearson=float(pearsonr(ours, human).statistic),
            missing=missing,
        )

    def _has(self, word: str) -> bool:
        return word in self.vectors  # true of any word if the file has n-grams

    def _require(self, word: str) -> None:
        if self._has(word):
            return
        close = similar_spellings(word, self.vectors.index_to_key)
        raise UserError(
            f"{word!r} has no vector",
            where=self.path,
            hint=f"similar words: {', '.join(close)}" if close else "and there is no similar word",
        )


def similar_spellings(word: str, words: list[str], count: int = 5) -> list[str]:
    """Words with a similar spelling; Hangul is compared jamo by jamo."""
    target = unicodedata.normalize("NFD", word)
    spelled: dict[str, str] = {}
    for other in words:
        if abs(len(other) - len(word)) <= 1:
            spelled.setdefault(unicodedata.normalize("NFD", other), other)
    return [spelled[name] for name in nearest(target, spelled, count)]


def read_pairs(path: str) -> list[tuple[str, str, float]]:
    """Word pairs and human scores: CSV or TSV, the first three columns, with or without a header.

    Raises:
        UserError: the file cannot be read, a line has too few columns or no number.
    """
    pairs = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        fields = line.split("\t") if "\t" in line else split_csv(line, f"{path}:{number}")
        score = finite_number(fields[2]) if len(fields) >= 3 else None
        if score is None and number == 1:
            continue  # a header
        if score is None:
            raise UserError(f"not `word, word, score`: {line[:60]!r}", where=f"{path}:{number}")
        pairs.append((fields[0].strip(), fields[1].strip(), score))
    if not pairs:
        raise UserError("contains no word pairs", where=path)
    return pairs
