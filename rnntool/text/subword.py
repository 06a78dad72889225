"""Subword units over the tokens of any tokenizer: byte-pair encoding (Sennrich et al. 2016).

The library `tokenizers` trains and applies it. (Its unigram trainer gives different pieces at each
run for the same input, so it is not offered.) Each base token is split into pieces.
The first begins with `▁`, so tokens can be joined again, and no piece spans two morphemes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rnntool.errors import UserError
from rnntool.text.spec import TokenizerSpec, parse_identity
from rnntool.text.tokens import SPACE, Tokenizer
from rnntool.text.vocabulary import UNK

_FORMAT = 1
_ALPHABET = 2000  # characters a BPE model starts from: Hangul syllables in use, jamo, signs


class SubwordTokenizer:
    """A base tokenizer, and a subword model over its tokens."""

    def __init__(self, spec: TokenizerSpec, base: Tokenizer, model: bytes) -> None:
        self.identity = spec.identity
        self._base = base
        self._split = load_subword(model)[1]

    def tokenize(self, text: str) -> list[str]:
        """Pieces of a text."""
        return self.split(self._base.tokenize(text))

    def characters(self, text: str) -> list[str]:
        """Pieces of the base tokenizer's characters."""
        return self.split(self._base.characters(text))

    def split(self, tokens: Iterable[str]) -> list[str]:
        """Pieces of tokens of the base tokenizer."""
        return [piece for token in tokens for piece in split_token(self._split, token)]


def split_token(model: Any, token: str) -> list[str]:
    """The pieces of one token; characters that the model does not know stay unchanged."""
    whole = SPACE + token
    encoded = model.encode(whole)
    pairs = zip(encoded.tokens, encoded.offsets, strict=True)
    return [whole[start:end] if piece == UNK else piece for piece, (start, end) in pairs]


def train_subword(counts: Counter[str], base: str, size: int) -> bytes:
    """Train a model of `size` pieces on counted tokens; the bytes of its file.

    Args:
        counts: how often each token of the base tokenizer occurs in the corpus.
        base: identity of the base tokenizer.

    Raises:
        UserError: there is no token to learn from.
    """
    from tokenizers import Tokenizer as Library
    from tokenizers import models, trainers

    if not counts:
        raise UserError("no tokens to learn subwords from")
    library = Library(models.BPE(unk_token=UNK))
    # Without this, the library orders equally frequent characters differently at each run.
    alphabet = _alphabet(counts, min(_ALPHABET, size // 2))
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[UNK],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    # The library counts words itself, so each word is given as often as it occurs.
    words = (SPACE + token for token, n in sorted(counts.items()) for _ in range(n))
    library.train_from_iterator(words, trainer)
    content = {"rnntool": "subword", "format": _FORMAT, "base": base,
               "model": json.loads(library.to_str())}  # fmt: skip
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=0).encode("utf-8")


def _alphabet(counts: Counter[str], size: int) -> list[str]:
    """The most frequent characters, ties by code point."""
    characters: Counter[str] = Counter()
    for token, n in counts.items():
        for character in SPACE + token:
            characters[character] += n
    return sorted(characters, key=lambda c: (-characters[c], c))[:size]


def load_subword(model: bytes) -> tuple[str, Any]:
    """The base tokenizer's identity, and the library's model.

    Raises:
        UserError: it is not a subword model of rnntool, or has a newer format.
    """
    from tokenizers import Tokenizer as Library

    try:
        content = json.loads(model)
        if content["rnntool"] != "subword":
            raise KeyError("rnntool")
        if content["format"] > _FORMAT:
            raise UserError("subword model of a newer rnntool", hint="upgrade rnntool")
        return content["base"], Library.from_str(json.dumps(content["model"]))
    except UserError:
        raise
    except Exception as error:  # the library raises plain Exception for a damaged model
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"not a subword model: {reason}", hint="make one with rnntool build-vocab --subword"
        ) from None


def subword_spec(model: bytes) -> TokenizerSpec:
    """The specification of the base tokenizer with this model on top."""
    base = parse_identity(load_subword(model)[0])
    return TokenizerSpec(base.name, base.flags, base.fold, hashlib.sha256(model).hexdigest()[:12])
