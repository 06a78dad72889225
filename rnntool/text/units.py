"""The units that a language model predicts, and how they are joined to text.

A line of text becomes tokens and an end: for characters and jamo the line feed is a token like any
other; words, morphemes and subwords end a line with `<eos>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnntool.errors import UserError
from rnntool.text.spec import TokenizerSpec, parse_identity
from rnntool.text.subword import subword_spec
from rnntool.text.tokenizers import CharacterTokenizer
from rnntool.text.tokens import SPACE
from rnntool.text.vocabulary import BOS, EOS, PAD, UNK

LINE_FEED = "␊"  # how the character tokenizers write a line feed
_SPELLED = ("char", "jamo")
_CHEAP = (*_SPELLED, "whitespace", "regex")
_UNKNOWN = "�"  # shown for a token that no text contains


class Unit:
    """How a language model's text is split into units and joined again.

    Args:
        spec: the tokenizer.
        documents: each line is a separate document, `<bos> … <eos>`, without line feeds.
    """

    def __init__(self, spec: TokenizerSpec, documents: bool = False) -> None:
        self.spec, self.documents = spec, documents
        self.spelled = spec.name in _SPELLED and spec.subword is None
        self._spelling = CharacterTokenizer(spec) if self.spelled else None

    @property
    def cheap(self) -> bool:
        """Whether splitting a line takes almost no time."""
        return self.spec.subword is None and self.spec.name in _CHEAP

    @property
    def end(self) -> str:
        """The token that ends a line."""
        return LINE_FEED if self.spelled and not self.documents else EOS

    @property
    def start(self) -> str:
        """The token before a text, from which its first token is predicted."""
        return BOS if self.documents else self.end

    def line(self, tokens: Sequence[str]) -> list[str]:
        """A line's tokens with the special tokens around them."""
        return [BOS, *tokens, EOS] if self.documents else [*tokens, self.end]

    def text(self, tokens: Iterable[str]) -> str:
        """The text of tokens; `<eos>` becomes a line feed.

        For characters, jamo and subwords of white-space words the original text is restored. Other
        tokens (morphemes) are joined by spaces, since the original spacing is not known.
        """
        shown = [_shown(token) for token in tokens]
        if self._spelling is not None:
            return self._spelling.detokenize(shown)
        if self.spec.subword is not None:
            joined = "".join(shown).replace(SPACE, " ")
        else:
            joined = "".join(t if t == "\n" else " " + t.replace(SPACE, " ") for t in shown)
        return "\n".join(line.removeprefix(" ") for line in joined.split("\n"))


def _shown(token: str) -> str:
    if token == EOS:
        return "\n"
    return _UNKNOWN if token in (UNK, BOS, PAD) else token


def unit_spec(name: str, subword_model: bytes | None) -> TokenizerSpec:
    """The tokenizer for `--unit NAME`: `word` is white space, the others are tokenizers' names.

    Raises:
        UserError: there is no such unit, or `subword` has no model.
    """
    if name == "subword":
        if subword_model is None:
            raise UserError(
                "--unit subword needs a model",
                hint="make one with build-vocab --subword 8000 and give it with --subword-model",
            )
        return subword_spec(subword_model)
    return parse_identity("whitespace" if name == "word" else name)
