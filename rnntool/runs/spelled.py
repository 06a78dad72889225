"""Runs that read tokens by their characters (`--input characters`), so that no word is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from rnntool.data.sequences import Sequences, pack_sequences
from rnntool.data.spelling import Spelling
from rnntool.formats.rundir import SPELLING, Run
from rnntool.formats.vocab import read_vocabulary, write_vocabulary
from rnntool.models.character_input import CharacterInput


def spelling_of(run: Run) -> Spelling | None:
    """The spelling of a run's tokens; None if the run reads no characters.

    Raises:
        UserError: the run's file of characters is missing or damaged.
    """
    if run.config.settings.get("input") != "characters":
        return None
    unit = str(run.config.settings.get("character_unit", "jamo"))
    return Spelling(unit, read_vocabulary(str(run.path / SPELLING)))


def write_spelling(folder: Path, spelling: Spelling | None) -> None:
    """Write the characters into a run directory, for `spelling_of`."""
    if spelling is not None:
        write_vocabulary(str(folder / SPELLING), spelling.characters)


def spell_tokens(part: nn.Module, spelling: Spelling | None, tokens: Iterable[str]) -> None:
    """Fill the table of spellings of an untrained model, if it reads characters."""
    if isinstance(part, CharacterInput) and spelling is not None:
        part.spell(torch.from_numpy(spelling.table(list(tokens))))


def number_texts(part: nn.Module, run: Run, texts: Iterable[list[str]]) -> Sequences:
    """Texts as token numbers.

    A model that reads characters gets the spelling of words that are not in the vocabulary. Until
    the next call, these words have the numbers from V on.
    """
    if not isinstance(part, CharacterInput):
        return pack_sequences(run.vocabulary.encode(text) for text in texts)
    spelling = spelling_of(run)
    assert spelling is not None
    known, more = run.vocabulary.ids, dict[str, int]()
    first = len(known)
    numbered = pack_sequences(
        [known[t] if t in known else more.setdefault(t, first + len(more)) for t in text]
        for text in texts
    )
    part.read_also(torch.from_numpy(spelling.table(list(more))))
    return numbered
