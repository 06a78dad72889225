"""Entities in BIO tags, and their F1 (without torch)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from rnntool.data.sequences import Ints
from rnntool.errors import UserError


def has_entities(tags: list[str]) -> bool:
    """Whether the tags are BIO: `O`, `B-…` and `I-…`."""
    return any(t.startswith("B-") for t in tags) and all(t == "O" or t[:2] in ("B-", "I-")
                                                          for t in tags)  # fmt: skip


def entity_counts(truth: Ints, predicted: Ints, offsets: Ints, tags: list[str]) -> Ints:
    """[sentences, 2]: twice the number of correct entities, and true plus predicted entities.

    The ratio of the two column sums is `entity_f1`.
    """
    get_entities = _seqeval().sequence_labeling.get_entities
    counts = []
    for own, answer in zip(
        _sentences(truth, offsets, tags), _sentences(predicted, offsets, tags), strict=True
    ):
        true, given = set(get_entities(own)), set(get_entities(answer))
        counts.append((2 * len(true & given), len(true) + len(given)))
    return np.asarray(counts, dtype=np.int64)


def entity_f1(truth: Ints, predicted: Ints, offsets: Ints, tags: list[str]) -> float:
    """F1 of whole entities, as in CoNLL 2003 (computed by seqeval)."""
    f1 = _seqeval().f1_score
    found = _sentences(truth, offsets, tags), _sentences(predicted, offsets, tags)
    return float(f1(*found, zero_division=0))


def _seqeval() -> Any:
    try:
        from seqeval import metrics
    except ImportError:
        raise UserError("entity F1 needs seqeval", hint="pip install seqeval") from None
    return metrics


def _sentences(numbers: Ints, offsets: Ints, tags: list[str]) -> list[list[str]]:
    return [[tags[n] for n in numbers[a:b]] for a, b in itertools.pairwise(offsets.tolist())]
