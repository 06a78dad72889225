"""The texts of `inspect-grad` and `trace`, as tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import open_corpus, split_tokens
from rnntool.formats.rundir import Run

Text = tuple[list[str], str | None]  # tokens, label


@contextmanager
def _tokenizer(run: Run | None) -> Iterator[TokenizePool]:
    identity = "whitespace" if run is None else run.config.tokenizer
    model = None if run is None else run.subword_model()
    with TokenizePool(WorkerOptions(identity, model), workers=1) as pool:
        yield pool


def read_texts(
    run: Run | None, source: str | None, text: str | None, limit: int, length: int
) -> Iterator[Text]:
    """Up to `limit` texts with at least one token.

    Args:
        run: the run with the tokenizer; None: split at white space.
        source: file, or `-`; not read if `text` is given.
        length: repeat or cut each text to this many tokens; 0: as it is.

    Raises:
        UserError: there is no such text.
    """
    found = 0
    with _tokenizer(run) as pool:
        for tokens, label in _rows(pool, source, text):
            if tokens:
                yield _stretched(tokens, length), label
                found += 1
            if found == limit:
                return
    if found == 0:
        where = source if text is None else "--text"
        raise UserError("has no text with a token", where=where,
                        hint="give at least one word")  # fmt: skip


def _rows(pool: TokenizePool, source: str | None, text: str | None) -> Iterator[Text]:
    if text is not None:
        for _, tokens in pool.tokenize([(None, text)]):
            yield split_tokens(tokens), None
        return
    with open_corpus(source or "-") as corpus:
        if corpus.layout.tokenizer is not None:
            yield from ((split_tokens(row.text), row.label) for row in corpus)
            return
        for row, tokens in pool.tokenize((row, row.text) for row in corpus):
            yield split_tokens(tokens), row.label


def _stretched(tokens: list[str], length: int) -> list[str]:
    if length == 0:
        return tokens
    return (tokens * (length // len(tokens) + 1))[:length]
