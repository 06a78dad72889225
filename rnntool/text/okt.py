"""Okt's tokens, faster than by KoNLPy's class and the same.

Okt cuts a text at white space and then by kind of character, and analyzes each piece by itself
(open-korean-text, `KoreanChunker.chunk`). So a repeated piece is not analyzed again, and all new
pieces of several texts are analyzed in one call into Java. Only `norm` works on the whole text; it
is applied before the cutting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rnntool.text.java_batch import TOGETHER, okt_pieces
from rnntool.text.spec import TokenizerSpec

_JAVA_SPACE = re.compile("[ \t\n\x0b\f\r]+")  # what \s matches in a Java pattern
_PIECES = re.compile("[가-힣]+|[^가-힣]+")
# Words in which no token (an address, a tag, a number with its unit) mixes syllables and other
# characters; a single full stop before a syllable could be part of an address.
_PARTED = re.compile(r"(?:[가-힣ㄱ-ㅣ!?~^,;…♥♡★☆\\]|\.(?![가-힣])|(?<=\.)\.)*")
_SHORT = 32  # characters; longer pieces rarely repeat, and would fill the memory
_REMEMBERED = 1 << 17  # pieces; about 40 MB at most

# Tuples of strings, which Python's garbage collector does not track. JPype runs it after each of
# Java's collections, and with lists it would go through all that is remembered.
_Tokens = tuple[str, ...]


class OktSplitter:
    """`Okt().morphs` and `.pos` for one text, or for several at once.

    Args:
        analyzer: KoNLPy's object, in the running Java VM.
        spec: the flags `norm`, `stem` and `pos`.
    """

    together = TOGETHER

    def __init__(self, analyzer: Any, spec: TokenizerSpec) -> None:
        self._normalize = analyzer.jki.normalize if "norm" in spec.flags else None
        self._tagged = "pos" in spec.flags
        self._analyze = okt_pieces(analyzer.jki, "stem" in spec.flags)
        self._remembered: dict[str, _Tokens] = {}

    def __call__(self, text: str) -> list[str]:
        """The tokens of a text."""
        return self.many([text])[0]

    def many(self, texts: list[str]) -> list[list[str]]:
        """The tokens of each text.

        Raises:
            Exception: Java raised it for one of the texts.
        """
        cut = [list(self._pieces(text)) for text in texts]
        known = {piece: self._remembered.get(piece) for pieces in cut for piece in pieces}
        new = [piece for piece, tokens in known.items() if tokens is None]
        found = dict(zip(new, map(self._tokens, self._analyze(new)), strict=True))
        self._remember(found)
        return [
            [token for piece in pieces for token in known[piece] or found.get(piece, ())]
            for pieces in cut
        ]

    def _pieces(self, text: str) -> Iterator[str]:
        if self._normalize is not None:
            text = str(self._normalize(text))
        for word in _JAVA_SPACE.split(text):
            if word:
                yield from _PIECES.findall(word) if _PARTED.fullmatch(word) else (word,)

    def _tokens(self, pairs: list[str]) -> _Tokens:
        return tuple(pairs if self._tagged else (pair.rsplit("/", 1)[0] for pair in pairs))

    def _remember(self, found: dict[str, _Tokens]) -> None:
        if len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
        self._remembered.update((p, tokens) for p, tokens in found.items() if len(p) <= _SHORT)
