"""From text files to a tokens file, as a stream, for `rnntool tokenize`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import (
    Corpus,
    CorpusOptions,
    Layout,
    Row,
    open_corpus,
    split_tokens,
)
from rnntool.formats.reading import Undecodable, count_lines
from rnntool.formats.subword import read_subword
from rnntool.formats.token_writer import write_tokens
from rnntool.reporting import Reporter
from rnntool.text.spec import TokenizerSpec, TokenizeSettings, spec_of
from rnntool.text.subword import load_subword, split_token, subword_spec

_PLAIN = TokenizeSettings()
_BASE_OPTIONS = ("pos", "norm", "stem", "lower", "normalize", "fold_repeats")


def tokenize_files(
    inputs: list[str], output: str, settings: TokenizeSettings, report: Reporter
) -> int:
    """Tokenize files one after another into one tokens file, row by row.

    Returns:
        How many rows were written.

    Raises:
        UserError: an input cannot be used, the inputs' columns differ, or the tokenizer cannot be
            made.
    """
    options = CorpusOptions(
        settings.format, settings.text_column, settings.label_column, settings.encoding,
        allow_empty=True, errors=Undecodable(settings.errors, offered=True),
    )  # fmt: skip
    subword = _read_subword(settings)
    spec = subword_spec(subword) if subword is not None else spec_of(settings)
    rows = count_lines(inputs)
    worker = WorkerOptions(spec.identity, subword, settings.jvm_heap, settings.max_seconds)
    with ExitStack() as stack:
        pool = stack.enter_context(TokenizePool(worker, settings.workers, rows))
        first = stack.enter_context(open_corpus(inputs[0], options))
        layout = first.layout.tokenized(spec.identity, settings.model)
        writer = stack.enter_context(write_tokens(output, layout))
        progress = stack.enter_context(report.progress("tokenizing", rows, "rows"))
        count = 0
        for number, path in enumerate(inputs):
            with ExitStack() as inner:
                corpus = inner.enter_context(open_corpus(path, options)) if number else first
                for row, tokens in _tokenize_corpus(corpus, layout, spec, subword, pool):
                    writer.write(row, tokens)
                    count += 1
                    progress.advance()
    pool.warn_of_characters(report)
    options.errors.warn(report)
    report.note(f"{count:,} rows, tokenizer {spec.identity}")
    return count


def _read_subword(settings: TokenizeSettings) -> bytes | None:
    if settings.tokenizer != "subword":
        if settings.model is not None:
            raise UserError("--model needs --tokenizer subword")
        return None
    ignored = [name for name in _BASE_OPTIONS if getattr(settings, name) != getattr(_PLAIN, name)]
    if ignored:
        flag = "--" + ignored[0].replace("_", "-")
        raise UserError(
            f"{flag} is an option of the tokenizer below the subword model",
            hint="give it when you make the tokens for the subword model",
        )
    if settings.model is None:
        raise UserError(
            "--tokenizer subword needs a model",
            hint="make one with build-vocab --subword 8000 and give it with --model",
        )
    return read_subword(settings.model)


def _tokenize_corpus(
    corpus: Corpus,
    layout: Layout,
    spec: TokenizerSpec,
    subword: bytes | None,
    pool: TokenizePool,
) -> Iterator[tuple[Row, str]]:
    if _columns(corpus.layout) != _columns(layout):
        raise UserError(
            f"has columns {', '.join(_columns(corpus.layout)) or 'none'}, but the first input has"
            f" {', '.join(_columns(layout)) or 'none'}",
            where=corpus.name,
            hint="tokenize files with different columns separately",
        )
    if corpus.layout.tokenizer is None:
        return pool.tokenize((row, row.text) for row in corpus)
    return _split_tokens(corpus, spec, subword)


def _columns(layout: Layout) -> tuple[str, ...]:
    """What inputs must have in common: a table's columns, or the fields read from JSON lines."""
    if layout.tokenized("").format != "jsonl":
        return layout.columns
    fields = (layout.text,) if layout.label is None else (layout.text, layout.label)
    return tuple(layout.columns[field] for field in fields)


def _split_tokens(
    corpus: Corpus, spec: TokenizerSpec, subword: bytes | None
) -> Iterator[tuple[Row, str]]:
    """Split a tokens file of the model's base tokenizer into subwords."""
    found = corpus.layout.tokenizer
    if subword is None or found != spec.base.identity:
        wanted = spec.base.identity if subword is not None else "raw text"
        raise UserError(
            f"has tokens of {found!r} already, but {spec.identity!r} needs {wanted!r}",
            where=corpus.name,
            hint="give the raw text",
        )
    model = load_subword(subword)[1]
    for row in corpus:
        pieces = [piece for t in split_tokens(row.text) for piece in split_token(model, t)]
        yield row, " ".join(pieces)
