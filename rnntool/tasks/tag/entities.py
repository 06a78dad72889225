"""Entities in BIO tags, and how many of them are found. No torch."""

from __future__ import annotations

from rnntool.data.sequences import Ints
from rnntool.errors import UserError


def has_entities(tags: list[str]) -> bool:
    """Whether the tags are BIO: `O`, `B-…` and `I-…`."""
    return any(t.startswith("B-") for t in tags) and all(t == "O" or t[:2] in ("B-", "I-")
                                                          for t in tags)  # fmt: skip


def entity_f1(truth: Ints, predicted: Ints, offsets: Ints, tags: list[str]) -> float:
    """F1 of whole entities, as CoNLL 2003 counts them (seqeval)."""
    try:
        from seqeval.metrics import f1_score
    except ImportError:
        raise UserError("entity F1 needs seqeval", hint="pip install seqeval") from None

    def sentences(numbers: Ints) -> list[list[str]]:
        return [
            [tags[n] for n in numbers[a:b]]
            for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ]

    return float(f1_score(sentences(truth), sentences(predicted), zero_division=0))
