"""What a trained run reads: raw text through its tokenizer, or tokens as they are (torch-free)."""

from __future__ import annotations

from collections.abc import Iterator

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, CorpusOptions, Row
from rnntool.formats.reading import Undecodable
from rnntool.runs.inference_settings import StreamSettings


def stream_options(settings: StreamSettings) -> CorpusOptions:
    """How a stream of text is read: without labels, and it may hold no line at all."""
    return CorpusOptions(
        settings.format, settings.text_column, None, settings.encoding,
        allow_empty=True, errors=Undecodable(settings.errors),
    )  # fmt: skip


def tokenized_rows(corpus: Corpus, identity: str, pool: TokenizePool) -> Iterator[tuple[Row, str]]:
    """Rows with their tokens: of raw text through the pool, of a tokens file as they are.

    Raises:
        UserError: the tokens are another tokenizer's.
    """
    require_tokenizer(corpus, identity)
    if corpus.layout.tokenizer is None:
        return pool.tokenize((row, row.text) for row in corpus)
    return ((row, row.text) for row in corpus)


def require_tokenizer(corpus: Corpus, identity: str) -> None:
    """Raise a UserError that names both tokenizers if the corpus has tokens of another."""
    if corpus.layout.tokenizer not in (None, identity):
        raise UserError(
            f"tokens of {corpus.layout.tokenizer!r}, but the model reads tokens of {identity!r}",
            where=corpus.name,
            hint="give raw text: the run directory knows its tokenizer",
        )
