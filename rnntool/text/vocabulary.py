"""A vocabulary: the number of each token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<bos>", "<eos>"
SPECIALS = (PAD, UNK, BOS, EOS)
PAD_ID, UNK_ID, BOS_ID, EOS_ID = range(4)


@dataclass(frozen=True)
class Vocabulary:
    """V tokens in the order of their numbers; special tokens come first.

    `counts[i]` is how often token i occurs in the corpus; the count of `<unk>` is that of all
    tokens left out.
    """

    tokens: tuple[str, ...]
    counts: tuple[int, ...]
    tokenizer: str  # identity of the tokenizer whose tokens these are
    min_count: int = 1
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", dict(zip(self.tokens, range(len(self)), strict=True)))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of tokens; the number of `<unk>` for tokens not in the vocabulary."""
        return list(map(self.ids.get, tokens, repeat(UNK_ID)))

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens of numbers."""
        return [self.tokens[i] for i in ids]


def build_vocabulary(
    counts: Counter[str],
    tokenizer: str,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Sequence[str] = SPECIALS,
) -> Vocabulary:
    """The tokens seen at least `min_count` times, most frequent first, ties by code point.

    Args:
        counts: how often each token was seen.
        tokenizer: identity of the tokenizer.
        max_size: the largest V, special tokens included; None: no limit.
        specials: special tokens, put first whether or not they were seen.
    """
    seen = [(t, n) for t, n in counts.items() if n >= min_count and t not in specials]
    ordered = sorted(seen, key=lambda pair: (-pair[1], pair[0]))
    if max_size is not None:
        ordered = ordered[: max(0, max_size - len(specials))]
    covered = sum(n for _, n in ordered) + sum(counts[s] for s in specials)
    special_counts = [counts[s] for s in specials]
    special_counts[specials.index(UNK)] += counts.total() - covered
    return Vocabulary(
        tokens=(*specials, *(t for t, _ in ordered)),
        counts=(*special_counts, *(n for _, n in ordered)),
        tokenizer=tokenizer,
        min_count=min_count,
    )
