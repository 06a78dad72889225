"""Read the rows for a trained run: raw text through its tokenizer, or tokens (without torch)."""

from __future__ import annotations

from collections.abc import Iterator

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, CorpusOptions, Row
from rnntool.formats.reading import Undecodable
from rnntool.runs.reading_settings import LineSettings


def stream_options(settings: LineSettings) -> CorpusOptions:
    """Options for reading a stream of text, which has no labels and may be empty."""
    return CorpusOptions(
        settings.format, settings.text_column, None, settings.encoding,
        allow_empty=True, errors=Undecodable(settings.errors, offered=True),
    )  # fmt: skip


def tokenized_rows(corpus: Corpus, identity: str, pool: TokenizePool) -> Iterator[tuple[Row, str]]:
    """Rows with their tokens: raw text is tokenized by the pool, tokens are used as they are.

    Raises:
        UserError: the tokens are those of another tokenizer.
    """
    require_tokenizer(corpus, identity)
    if corpus.layout.tokenizer is None:
        return pool.tokenize((row, row.text) for row in corpus)
    return ((row, row.text) for row in corpus)


def require_tokenizer(corpus: Corpus, identity: str) -> None:
    """Raise a UserError if the corpus has tokens of another tokenizer."""
    if corpus.layout.tokenizer not in (None, identity):
        raise UserError(
            f"has tokens of {corpus.layout.tokenizer!r}, but the model reads tokens of"
            f" {identity!r}",
            where=corpus.name,
            hint="give raw text; the run has its own tokenizer",
        )
