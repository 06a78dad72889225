"""Texts into tokens, on processes that are started once for all batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.formats.corpus import split_tokens
from rnntool.reporting import Reporter
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.units import Unit

Split = Callable[[Iterable[str]], Iterator[list[str]]]


@contextmanager
def text_splitter(
    unit: Unit, options: WorkerOptions, workers: int, report: Reporter, expected: int | None = None
) -> Iterator[Split]:
    """A function that gives the tokens of each text, in order.

    A cheap tokenizer runs in this process, others on all cores.

    Args:
        expected: how many texts will come, where this is known; see `TokenizePool`.

    Raises:
        UserError: the tokenizer cannot be made, or its library failed.
    """
    if unit.cheap:
        tokenize = make_tokenizer(unit.spec).tokenize
        yield lambda texts: map(tokenize, texts)
        return
    with TokenizePool(options, workers, expected) as pool:

        def split(texts: Iterable[str]) -> Iterator[list[str]]:
            pairs = pool.tokenize((None, text) for text in texts)
            return (split_tokens(tokens) for _, tokens in pairs)

        yield split
        pool.warn_of_characters(report)
