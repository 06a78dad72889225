"""The character-based part of a tagger's input, for tokens given as text.

Shapes: M tokens, D word vector, E character-based vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnntool.data.spelling import Speller
from rnntool.formats.rundir import CHARACTERS, Run
from rnntool.formats.vocab import read_vocabulary
from rnntool.inference.characters import NumpyCharacters
from rnntool.inference.encoder import Floats
from rnntool.inference.packed import pack_rows


class SpelledTokens:
    """A run's vectors of tokens from their characters.

    Args:
        run: of any task; only a tagger that reads characters has such vectors.
        tensors: its weights by name.
    """

    def __init__(self, run: Run, tensors: Mapping[str, Floats]) -> None:
        settings = run.config.settings
        kind = settings.get("characters", "none")
        self.engine = None if kind == "none" else NumpyCharacters(kind, tensors)
        if self.engine is not None:
            characters = read_vocabulary(str(run.path / CHARACTERS))
            self.speller = Speller(settings["character_unit"], characters)

    @property
    def width(self) -> int:
        """E; 0 without characters."""
        return 0 if self.engine is None else self.engine.width

    def beside(self, x: Floats, texts: Sequence[Sequence[str]]) -> Floats:
        """[M, D + E] word vectors with the character-based vectors beside them.

        Args:
            x: [M, D] of the tokens of the texts, longest text first, packed as by `pack_rows`.
        """
        if self.engine is None or not len(x):
            return x
        places: dict[str, int] = {}
        rows = [[places.setdefault(token, len(places)) for token in text] for text in texts]
        spelled = self.engine.vectors([self.speller.spell(word) for word in places])
        return np.concatenate([x, spelled[pack_rows(rows)[1]]], axis=1)
