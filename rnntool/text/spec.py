"""A tokenizer and its options: as settings, as a specification, and as one canonical string.

The string is the tokenizer's identity. Every file made from its tokens contains it. Thus tokens, a
vocabulary, vectors and a model of different tokenizers are never mixed by mistake, and a run
directory can tokenize raw text in the same way as its training data. Examples: `mecab`,
`okt:norm,stem`, `mecab:pos,nfc`, `mecab|subword@1f3a…` (a subword model over mecab's tokens).
"""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError, one_of
from rnntool.registry import (
    DECODING,
    FORMATS,
    KONLPY_TOKENIZERS,
    LABEL_FLAGS,
    NORMAL_FORMS,
    TEXT_FLAGS,
    TOKENIZERS,
)

_TAGGERS = (*KONLPY_TOKENIZERS, "mecab", "kiwi")
_FLAGS = ("pos", "norm", "stem", "lower", "nfc", "nfkc")


@dataclass(frozen=True, kw_only=True)
class TokenizeSettings:
    """Settings of `tokenize`."""

    tokenizer: str = setting(
        "mecab", "Tokenizer; regex separates words and punctuation.", flag="-t --tokenizer",
        choices=TOKENIZERS, panel="Tokens",
    )  # fmt: skip
    pos: bool = setting(False, "Add the part of speech to each morpheme: 영화/NNG.", panel="Tokens")
    norm: bool = setting(False, "okt: normalise (재밌당 → 재밌다).", panel="Tokens")
    stem: bool = setting(False, "okt: reduce verbs and adjectives to their stem.", panel="Tokens")
    lower: bool = setting(
        False, "Convert the text to lower case first.", flag="--lower --lowercase", panel="Tokens"
    )
    normalize: str = setting(
        "none",
        "Normalise the Unicode text first.",
        choices=NORMAL_FORMS,
        panel="Tokens",
    )
    fold_repeats: int = setting(
        0, "Shorten a repeated character (ㅋㅋㅋㅋ) to this many; 0: never.", min=0, panel="Tokens"
    )
    model: str | None = setting(
        None, "subword: file written by build-vocab --subword.", panel="Tokens"
    )
    max_seconds: float = setting(
        5.0,
        "KoNLPy: time limit for a line; after it, the line is split into characters.",
        min=0.1,
        panel="Machine",
    )
    jvm_heap: int = setting(1024, "KoNLPy: memory of the Java VM, in MiB.", min=64, panel="Machine")
    workers: int = setting(0, "Number of processes; 0: one per core.", min=0, panel="Machine")
    format: str = setting(
        "auto",
        "Format of the input.",
        choices=FORMATS,
        panel="Data",
    )
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel="Data"
    )
    label_column: str | None = setting(
        None, "Column or JSON field of the label.", flag=LABEL_FLAGS, panel="Data"
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel="Data")
    errors: str = setting(
        "strict",
        "For a line in another encoding: stop, replace the invalid bytes, or read it as empty.",
        choices=DECODING,
        panel="Data",
    )


@dataclass(frozen=True)
class TokenizerSpec:
    """A tokenizer's name and every option that changes its tokens."""

    name: str
    flags: frozenset[str] = frozenset()
    fold: int = 0  # maximum length of a run of one character; 0: unlimited
    subword: str | None = None  # digest of the subword model over the tokens, if any

    @property
    def identity(self) -> str:
        """The canonical string."""
        options = [flag for flag in _FLAGS if flag in self.flags]
        if self.fold:
            options.append(f"fold={self.fold}")
        base = self.name + (":" + ",".join(options) if options else "")
        return f"{base}|subword@{self.subword}" if self.subword else base

    @property
    def base(self) -> TokenizerSpec:
        """The tokenizer below the subword model."""
        return TokenizerSpec(self.name, self.flags, self.fold)


def parse_identity(identity: str) -> TokenizerSpec:
    """The specification of an identity.

    Raises:
        UserError: the string is not the identity of a known tokenizer.
    """
    base, _, subword = identity.partition("|subword@")
    name, _, options = base.partition(":")
    if name not in TOKENIZERS or name == "subword":
        raise UserError(f"unknown tokenizer {identity!r}", hint=one_of(name, TOKENIZERS))
    flags, fold = set(), 0
    for option in options.split(",") if options else []:
        if option in _FLAGS:
            flags.add(option)
        elif option.startswith("fold=") and option[5:].isdecimal():
            fold = int(option[5:])
        else:
            raise UserError(f"unknown option {option!r} of tokenizer {identity!r}")
    return TokenizerSpec(name, frozenset(flags), fold, subword or None)


def spec_of(settings: TokenizeSettings) -> TokenizerSpec:
    """The base tokenizer that the settings describe.

    Raises:
        UserError: an option does not fit the tokenizer.
    """
    name = settings.tokenizer
    if settings.pos and name not in _TAGGERS:
        raise UserError(f"--pos: {name} has no tags", hint=f"use one of {', '.join(_TAGGERS)}")
    for flag in ("norm", "stem"):
        if getattr(settings, flag) and name != "okt":
            raise UserError(f"--{flag} is an option of okt, not of {name}")
    flags = {flag for flag in ("pos", "norm", "stem", "lower") if getattr(settings, flag)}
    if settings.normalize != "none":
        flags.add(settings.normalize)
    return TokenizerSpec(name, frozenset(flags), settings.fold_repeats)
