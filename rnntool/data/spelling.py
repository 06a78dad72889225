"""Words as the numbers of their characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rnntool.data.sequences import Ints
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.vocabulary import SPECIALS, Vocabulary, build_vocabulary

LONGEST = 20  # characters of a word in a table; of longer words the first ones


class Speller:
    """Words as character numbers.

    Args:
        unit: `char` or `jamo`.
        characters: the characters' vocabulary.
    """

    def __init__(self, unit: str, characters: Vocabulary) -> None:
        self._split = make_tokenizer(TokenizerSpec(unit)).tokenize
        self._characters = characters

    def spell(self, word: str) -> list[int]:
        """The word's characters; one not seen in training is `<unk>`."""
        return self._characters.encode(self._split(word))


def count_characters(words: Iterable[str], unit: str) -> Vocabulary:
    """The vocabulary of the characters in distinct words."""
    split = make_tokenizer(TokenizerSpec(unit)).tokenize
    counts: Counter[str] = Counter()
    for word in words:
        counts.update(split(word))
    return build_vocabulary(counts, unit)


@dataclass(frozen=True)
class Spelling:
    """How tokens are spelled for a model that reads characters."""

    unit: str
    characters: Vocabulary

    def table(self, tokens: Sequence[str]) -> Ints:
        """[N, L] characters of each token, right-padded with 0.

        A special token is one special character; `<pad>` has no characters.
        """
        speller = Speller(self.unit, self.characters)
        rows = np.zeros((len(tokens), LONGEST), dtype=np.int64)
        for row, token in enumerate(tokens):
            if token in SPECIALS:
                rows[row, 0] = SPECIALS.index(token)
                continue
            characters = speller.spell(token)[:LONGEST]
            rows[row, : len(characters)] = characters
        return rows


def make_spelling(unit: str, tokens: Iterable[str]) -> Spelling:
    """The spelling of a vocabulary's tokens."""
    return Spelling(unit, count_characters((t for t in tokens if t not in SPECIALS), unit))
