"""Near-duplicate texts: most of their 5-character shingles are the same.

Two texts are compared by MinHash (Broder 1997, "On the resemblance and containment of documents"):
the share of K hash functions whose smallest value over the shingles is the same for both texts
estimates the Jaccard similarity of their sets of shingles. Texts are compared only if a band of
values agrees (Leskovec et al., "Mining of Massive Datasets", §3.4), so most pairs are skipped.

The comparison ignores case, punctuation and white space. Short texts are not compared: two people
may well write "very good" independently.

Shapes: N texts, K hash functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rnntool.data.sequences import Ints

_SHINGLE = 5  # characters
_SHORTEST = 15  # characters; shorter texts are not compared
_K = 64
_BAND = 4  # values per band; with similarity 0.8, 99.98 % of the pairs agree in some band
_BLOCK = 4096  # texts hashed together
_CANDIDATES = 8  # candidates compared for each text and band
_NOISE = re.compile(r"[\W_]+")

Hashes = NDArray[np.uint32]


@dataclass
class Signatures:
    """The signatures of a file's texts."""

    lines: list[int] = field(default_factory=list)  # lines of the texts long enough
    digests: list[bytes] = field(default_factory=list)  # their digests, to find equal texts
    _waiting: list[str] = field(default_factory=list)
    _parts: list[Hashes] = field(default_factory=list)

    def add(self, line: int, text: str, digest: bytes) -> None:
        """Add a text, if it is long enough."""
        plain = _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())
        if len(plain) < _SHORTEST:
            return
        self.lines.append(line)
        self.digests.append(digest)
        self._waiting.append(plain)
        if len(self._waiting) == _BLOCK:
            self._hash()

    def values(self) -> Hashes:
        """[N, K] smallest hash values."""
        self._hash()
        if not self._parts:
            return np.zeros((0, _K), dtype=np.uint32)
        if len(self._parts) > 1:  # joined once, for all files that are compared with this one
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]

    def _hash(self) -> None:
        if self._waiting:
            self._parts.append(_signatures(self._waiting))
            self._waiting.clear()


@dataclass(frozen=True)
class Near:
    """A text and its near-duplicate."""

    line: int
    other: int  # the other's line
    similarity: float  # estimated Jaccard similarity of their shingles


def nearly_in(
    texts: Signatures, others: Signatures, least: float, same: Container[bytes]
) -> list[Near]:
    """The texts with a near-duplicate among the others, each with its most similar one.

    Args:
        same: digests of texts that occur unchanged among the others; they are left out.
    """
    own, theirs = texts.values(), others.values()
    if not len(own) or not len(theirs):
        return []
    best, similarity = _most_similar(own, theirs)
    return [
        Near(texts.lines[n], others.lines[best[n]], float(similarity[n]))
        for n in np.flatnonzero(similarity >= least).tolist()
        if texts.digests[n] not in same
    ]


def _most_similar(own: Hashes, theirs: Hashes) -> tuple[Ints, NDArray[np.float64]]:
    """[N] for each text, the index of the most similar other text, and the similarity."""
    best = np.zeros(len(own), dtype=np.int64)
    similarity = np.zeros(len(own))
    for start in range(0, _K, _BAND):
        keys = [_keys(side[:, start : start + _BAND]) for side in (own, theirs)]
        order = np.argsort(keys[1], kind="stable")
        found = np.searchsorted(keys[1][order], keys[0])
        for step in range(_CANDIDATES):
            at = np.minimum(found + step, len(order) - 1)
            rows = np.flatnonzero((keys[1][order[at]] == keys[0]) & (found + step < len(order)))
            if not len(rows):
                break
            places = order[at[rows]]
            shares = (own[rows] == theirs[places]).mean(axis=1)
            better = shares > similarity[rows]
            best[rows[better]], similarity[rows[better]] = places[better], shares[better]
    return best, similarity


def _keys(band: Hashes) -> NDArray[np.uint64]:
    """[N] one number that combines a band's values."""
    key = np.zeros(len(band), dtype=np.uint64)
    for column in band.T:
        key = key * np.uint64(0x9E3779B97F4A7C15) + column
    return key


def _signatures(texts: list[str]) -> Hashes:
    """[N, K] of texts of at least a shingle's length."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    lengths = np.array([len(text) for text in texts])
    hashes = np.zeros(len(codes) - _SHINGLE + 1, dtype=np.uint64)
    for place in range(_SHINGLE):
        hashes = (hashes ^ codes[place : len(hashes) + place]) * np.uint64(0x100000001B3)
    ends = np.cumsum(lengths)
    spans = zip(ends - lengths, ends - _SHINGLE + 1, strict=True)
    inside = np.concatenate([np.arange(begin, end) for begin, end in spans])
    starts = np.concatenate([[0], np.cumsum(lengths - _SHINGLE + 1)[:-1]])
    shingles = hashes[inside]
    found = np.empty((len(texts), _K), dtype=np.uint32)
    generator = np.random.default_rng(20_000)
    for k in range(_K):
        odd = np.uint64(int(generator.integers(1 << 62)) * 2 + 1)
        mixed = (shingles * odd) ^ ((shingles * odd) >> np.uint64(29))
        found[:, k] = np.minimum.reduceat((mixed * odd) >> np.uint64(32), starts)
    return found
