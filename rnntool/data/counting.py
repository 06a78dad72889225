"""Count the tokens of files, for `build-vocab`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.data.token_files import TokenFiles
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.reading import count_lines
from rnntool.registry import TEXT_FLAGS
from rnntool.reporting import Reporter
from rnntool.text.subword import train_subword
from rnntool.text.vocabulary import SPECIALS, UNK_ID, Vocabulary, build_vocabulary


@dataclass(frozen=True, kw_only=True)
class VocabularySettings:
    """Settings of `build-vocab`."""

    min_count: int = setting(1, "Leave out tokens that occur less often.", min=1)
    max_size: int | None = setting(None, "Maximum size, including the 4 special tokens.", min=5)
    subword: int | None = setting(
        None, "Train a subword model with this many pieces instead of a vocabulary.", min=8
    )
    text_column: str | None = setting(
        None, "Column or JSON field of the tokens, in a file from another tool.", flag=TEXT_FLAGS
    )
    encoding: str = setting("utf-8", "Encoding of the input.")


@dataclass(frozen=True)
class TokenCounts:
    """The contents of tokens files."""

    counts: Counter[str]
    tokenizer: str
    rows: int
    empty: int  # rows without a token


def count_tokens(inputs: list[str], settings: VocabularySettings, report: Reporter) -> TokenCounts:
    """Count the tokens of files that were made by one tokenizer.

    Raises:
        UserError: a file cannot be read, or two were made by different tokenizers.
    """
    options = CorpusOptions(text_column=settings.text_column, encoding=settings.encoding)
    files = TokenFiles(inputs, options)
    counts: Counter[str] = Counter()
    rows = empty = 0
    with report.progress("counting", count_lines(inputs), "rows") as progress:
        for tokens in files:
            counts.update(tokens)
            rows += 1
            empty += not tokens
            progress.advance()
    return TokenCounts(counts, files.tokenizer, rows, empty)


def vocabulary_of(inputs: list[str], settings: VocabularySettings, report: Reporter) -> Vocabulary:
    """The vocabulary of tokens files, with a coverage report.

    Raises:
        UserError: a file cannot be used, or `--min-count` leaves no token.
    """
    found = count_tokens(inputs, settings, report)
    vocabulary = build_vocabulary(
        found.counts, found.tokenizer, settings.min_count, settings.max_size
    )
    kept = len(vocabulary) - len(SPECIALS)
    if kept == 0:
        raise UserError(
            f"no token occurs {settings.min_count} times", hint="try a smaller --min-count"
        )
    total, unknown = found.counts.total(), vocabulary.counts[UNK_ID]
    report.note(
        f"{found.rows:,} rows ({found.empty:,} empty) with {total:,} tokens of {found.tokenizer},"
        f" {len(found.counts):,} of them different"
    )
    report.note(
        f"vocabulary of {len(vocabulary):,} ({kept:,} tokens, {len(SPECIALS)} special tokens):"
        f" it covers {1 - unknown / total:.2%} of the text; {unknown / total:.2%} is unknown"
    )
    return vocabulary


def subword_model_of(inputs: list[str], settings: VocabularySettings, report: Reporter) -> bytes:
    """Train a subword model on the tokens of files.

    Raises:
        UserError: a file cannot be used, or its tokens are subwords already.
    """
    assert settings.subword is not None
    found = count_tokens(inputs, settings, report)
    if "|subword@" in found.tokenizer:
        raise UserError(
            f"tokens of {found.tokenizer!r} are subwords already",
            where=inputs[0],
            hint="give the tokens of the base tokenizer",
        )
    kept = Counter({t: n for t, n in found.counts.items() if n >= settings.min_count})
    model = train_subword(kept, found.tokenizer, settings.subword)
    report.note(
        f"byte-pair model of {settings.subword:,} pieces over tokens of {found.tokenizer};"
        f" use it with: rnntool tokenize -t subword --model FILE"
    )
    return model
