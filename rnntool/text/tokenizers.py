"""Tokenizers with one interface. A library is imported only when its tokenizer is made."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from rnntool.errors import UserError
from rnntool.text.java_batch import Many
from rnntool.text.normalize import make_normalizer
from rnntool.text.spec import TokenizerSpec
from rnntool.text.subword import SubwordTokenizer
from rnntool.text.tokens import SPACE, Tokenizer, import_package
from rnntool.text.words import words_splitter

_ESCAPED = SPACE + SPACE  # a `▁` in the text itself, where tokens are characters
_Split = Callable[[str], Iterable[str]]


class SplitTokenizer:
    """Normalise, split, and write spaces inside tokens as `▁`."""

    def __init__(self, spec: TokenizerSpec, split: _Split) -> None:
        self.identity = spec.identity
        self._normalize, self._split = make_normalizer(spec), split
        self._many: Many | None = getattr(split, "many", None)
        self.together: int = getattr(split, "together", 1)  # the best number of texts for one call

    def tokenize(self, text: str) -> list[str]:
        """Tokens of a text; an empty list for a blank one (some analyzers hang on it)."""
        if not text or text.isspace():
            return []
        return _all_clean(list(self._split(self._normalize(text))))

    def tokenize_many(self, texts: list[str]) -> list[list[str]]:
        """Tokens of each text; if one text cannot be split, the whole call fails."""
        if self._many is None:
            return [self.tokenize(text) for text in texts]
        found: list[list[str]] = [[] for _ in texts]
        places = [place for place, text in enumerate(texts) if text and not text.isspace()]
        if places:
            asked = [self._normalize(texts[place]) for place in places]
            for place, tokens in zip(places, self._many(asked), strict=True):
                found[place] = _all_clean(tokens)
        return found

    def characters(self, text: str) -> list[str]:
        """Every character that is not white space, normalised as tokens are."""
        return [character for character in self._normalize(text) if not character.isspace()]


class CharacterTokenizer:
    """One token per character (`char`) or conjoining jamo (`jamo`); reversible.

    Hangul syllables decompose into conjoining jamo by Unicode's NFD, and NFC puts them together
    again, so `detokenize` gives the text back (a text not in NFC comes back in NFC from `jamo`).
    """

    def __init__(self, spec: TokenizerSpec) -> None:
        self.identity = spec.identity
        self._normalize = make_normalizer(spec)
        self._jamo = spec.name == "jamo"

    def tokenize(self, text: str) -> list[str]:
        """Every character, a space as `▁` and a `▁` as `▁▁`."""
        text = self._normalize(text)
        if self._jamo:
            text = _decompose_hangul(unicodedata.normalize("NFC", text))
        return [_WRITTEN.get(character, character) for character in text]

    def characters(self, text: str) -> list[str]:
        """The tokens are characters already."""
        return self.tokenize(text)

    def detokenize(self, tokens: Iterable[str]) -> str:
        """The text that `tokenize` was given."""
        text = "".join(_READ.get(token, token) for token in tokens)
        return unicodedata.normalize("NFC", text) if self._jamo else text


# Characters that tokens files reserve are written as Unicode's pictures of control characters.
_WRITTEN = {" ": SPACE, SPACE: _ESCAPED, "\t": "␉", "␉": "␉␉", "\n": "␊", "␊": "␊␊",
            "\r": "␍", "␍": "␍␍"}  # fmt: skip
_READ = {written: read for read, written in _WRITTEN.items()}


def _decompose_hangul(text: str) -> str:
    """Syllables as conjoining jamo; everything else (é, か) stays unchanged."""
    return "".join(
        unicodedata.normalize("NFD", c) if "\uac00" <= c <= "\ud7a3" else c for c in text
    )


def _all_clean(tokens: list[str]) -> list[str]:
    if " ".join(tokens).split() == tokens:  # all tokens are clean, the usual case
        return tokens
    return [clean for token in tokens if (clean := _clean(token))]


def _clean(token: str) -> str:
    """A token without outer white space, inner white space as `▁`."""
    return SPACE.join(token.split())


def make_tokenizer(
    spec: TokenizerSpec,
    subword_model: bytes | None = None,
    jvm_heap: int = 1024,
    texts: int | None = None,
) -> Tokenizer:
    """The tokenizer of a specification, ready to use.

    Args:
        subword_model: bytes of the subword model's file, where the specification has one.
        jvm_heap: memory of the Java VM in MiB, for KoNLPy's tokenizers.
        texts: how many will be split, where this is known; it decides how KoNLPy's start.

    Raises:
        UserError: its library or Java is missing; the message says how to install it.
    """
    if spec.subword is not None:
        if subword_model is None:
            raise UserError(f"{spec.identity}: its subword model is missing", hint="give --model")
        return SubwordTokenizer(
            spec, make_tokenizer(spec.base, None, jvm_heap, texts), subword_model
        )
    if spec.name in ("char", "jamo"):
        return CharacterTokenizer(spec)
    return SplitTokenizer(spec, _splitter(spec, jvm_heap, texts))


def _splitter(spec: TokenizerSpec, jvm_heap: int, texts: int | None) -> _Split:
    tagged = "pos" in spec.flags
    if spec.name == "whitespace":
        return str.split
    if spec.name == "regex":
        return words_splitter()
    if spec.name == "mecab":
        from rnntool.text.mecab import mecab_splitter

        return mecab_splitter(tagged)
    if spec.name == "kiwi":
        return _kiwi(tagged)
    from rnntool.text.konlpy import konlpy_splitter

    return konlpy_splitter(spec, jvm_heap, texts)


def _kiwi(tagged: bool) -> _Split:
    # Each worker is a process already, so kiwi's own threads would only compete for the cores.
    kiwi: Any = import_package("kiwipiepy", "kiwipiepy").Kiwi(num_workers=1)
    if tagged:
        return lambda text: [f"{token.form}/{token.tag}" for token in kiwi.tokenize(text)]
    return lambda text: [token.form for token in kiwi.tokenize(text)]
