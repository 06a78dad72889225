"""CBOW and skip-gram through gensim (Mikolov et al. 2013a, b; fastText: Bojanowski et al. 2017)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rnntool.data.token_files import TokenFiles
from rnntool.embeddings.settings import EmbeddingSettings
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.vectors import is_binary, write_fasttext, write_vectors
from rnntool.formats.writing import explain_os_errors
from rnntool.machine import usable_cores
from rnntool.reporting import Reporter

_SENTENCE = 10_000  # tokens; gensim silently drops the rest of a longer sentence (MAX_WORDS)


def train_embeddings(
    kind: str, inputs: list[str], output: str, settings: EmbeddingSettings, report: Reporter
) -> None:
    """Train vectors on tokens files and write them: binary for `.bin`, otherwise text.

    Args:
        kind: `cbow` or `skipgram`.

    Raises:
        UserError: an input cannot be used, no word is frequent enough, or settings contradict
            each other.
    """
    _check(settings)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "sentences.txt"
        tokens = _write_sentences(inputs, plain, settings, report)
        report.note(f"{tokens:,} tokens")
        model = _train(kind, plain, settings, report)
    words = len(model.wv)
    if settings.subword and is_binary(output):
        write_fasttext(output, model)
    else:
        write_vectors(output, model.wv)
    report.note(f"{output}: {words:,} words, {settings.dim} dimensions")


def _check(settings: EmbeddingSettings) -> None:
    if settings.hs and settings.negative:
        raise UserError(
            "--hs and --negative exclude each other", hint="give --negative 0 with --hs"
        )
    if not settings.hs and not settings.negative:
        raise UserError("--negative 0 leaves nothing to learn from", hint="give --hs")
    if settings.subword and settings.min_n > settings.max_n:
        raise UserError(f"--min-n {settings.min_n} is above --max-n {settings.max_n}")


def _write_sentences(
    inputs: list[str], plain: Path, settings: EmbeddingSettings, report: Reporter
) -> int:
    """Write only the tokens, one sentence per line: gensim is fastest with a file as its input."""
    options = CorpusOptions(text_column=settings.text_column, encoding=settings.encoding)
    files = TokenFiles(inputs, options)
    count = 0
    with (
        explain_os_errors(str(plain)),
        open(plain, "w", encoding="utf-8", newline="\n") as sink,
    ):
        for tokens in files:
            count += len(tokens)
            for start in range(0, len(tokens), _SENTENCE):
                sink.write(" ".join(tokens[start : start + _SENTENCE]) + "\n")
    for name in files.unmarked:
        report.warn(f"{name} has no header with a tokenizer, so it is split at white space")
    return count


def _train(kind: str, plain: Path, settings: EmbeddingSettings, report: Reporter) -> Any:
    from gensim.models import FastText, Word2Vec

    options: dict[str, Any] = {
        "vector_size": settings.dim,
        "window": settings.window,
        "min_count": settings.min_count,
        "sg": int(kind == "skipgram"),
        "hs": int(settings.hs),
        "negative": settings.negative,
        "sample": settings.sample,
        "alpha": settings.lr,
        "seed": settings.seed,
        "workers": settings.threads or usable_cores(),
        "epochs": settings.epochs,
        "hashfxn": stable_hash,
    }
    if settings.subword:
        ngrams = {"min_n": settings.min_n, "max_n": settings.max_n, "bucket": settings.buckets}
        model = FastText(**options, **ngrams)
    else:
        model = Word2Vec(**options)
    model.build_vocab(corpus_file=str(plain))
    if len(model.wv) < 2:
        raise UserError(
            f"fewer than two words occur {settings.min_count} times",
            hint="try a smaller --min-count, or give more text",
        )
    with report.progress(kind, settings.epochs, "epochs") as progress:
        model.train(
            corpus_file=str(plain),
            total_words=model.corpus_total_words,
            total_examples=model.corpus_count,
            epochs=settings.epochs,
            callbacks=[_epoch_callback(progress)],
        )
    return model


def _epoch_callback(progress: Any) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class Advance(CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, model: Any) -> None:
            progress.advance()

    return Advance()


def stable_hash(text: str) -> int:
    """A hash of a word that does not depend on PYTHONHASHSEED; gensim seeds vectors with it."""
    import zlib

    return zlib.crc32(text.encode("utf-8"))
