"""Tagged sentences as numbers of their tokens, characters and tags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnntool.data.sequences import Ints, Sequences, pack_sequences
from rnntool.data.spelling import Speller
from rnntool.errors import UserError, one_of
from rnntool.formats.tagged import Sentence
from rnntool.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Tagged:
    """N sentences; the characters of each distinct word are stored once."""

    sequences: Sequences  # token numbers
    words: Sequences  # the index of each token's word in `spellings`
    spellings: Sequences  # characters of each distinct word
    tags: Sequences  # tag numbers; zeros where the sentences have none

    def __len__(self) -> int:
        return len(self.sequences)

    def take(self, rows: Ints) -> Tagged:
        """The sentences with the numbers `rows`."""
        return Tagged(
            self.sequences.take(rows), self.words.take(rows), self.spellings, self.tags.take(rows)
        )


def encode_tagged(
    sentences: list[Sentence],
    vocabulary: Vocabulary,
    speller: Speller,
    tags: list[str],
    path: str,
) -> Tagged:
    """Sentences as numbers.

    Raises:
        UserError: a tag is not among `tags`.
    """
    places: dict[str, int] = {}
    for sentence in sentences:
        for token in sentence.tokens:
            places.setdefault(token, len(places))
    number = {tag: n for n, tag in enumerate(tags)}
    for sentence in sentences:
        for tag in sentence.tags:
            if tag not in number:
                raise UserError(
                    f"tag {tag!r} was not seen in training",
                    where=f"{path}:{sentence.line}",
                    hint=one_of(tag, tags),
                )
    return Tagged(
        pack_sequences(vocabulary.encode(s.tokens) for s in sentences),
        pack_sequences([places[token] for token in s.tokens] for s in sentences),
        pack_sequences(speller.spell(word) for word in places or [""]),
        pack_sequences(
            [number[tag] for tag in s.tags] if s.tags else np.zeros(len(s.tokens), dtype=np.int32)
            for s in sentences
        ),
    )
