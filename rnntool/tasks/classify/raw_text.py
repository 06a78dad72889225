"""Labelled raw text for `train classify --tokenizer`, tokenized as in `predict` and `eval`."""

from __future__ import annotations

from dataclasses import replace

from rnntool.data.labelled import TokenFile, read_token_file
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.subword import read_subword
from rnntool.reporting import Reporter
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.text.spec import TokenizerSpec
from rnntool.text.subword import subword_spec


def read_documents(
    path: str, options: CorpusOptions, settings: ClassifySettings, report: Reporter
) -> TokenFile:
    """The tokens of a labelled file; raw text is tokenized with `--tokenizer`.

    Raises:
        UserError: the file cannot be used, or its tokens are not those of `--tokenizer`.
    """
    file = read_token_file(path, options, settings.separator)
    flags = {"lower"} if settings.lowercase else set()
    flags |= {settings.normalize} - {"none"}
    if settings.tokenizer is None and not (flags and not file.marked):
        if not file.marked:
            report.warn(f"{path}: raw text is split at white space;"
                        " use --tokenizer mecab for morphemes, regex for words")  # fmt: skip
        return file
    worker = _worker(settings, flags)
    if not file.marked:
        return _tokenized(file, worker, settings.workers, report)
    if file.tokenizer != worker.identity:
        raise UserError(f"has tokens of {file.tokenizer!r}, not of {worker.identity!r}",
                        where=path, hint="leave out --tokenizer, or give the raw text")  # fmt: skip
    return file


def _worker(settings: ClassifySettings, flags: set[str]) -> WorkerOptions:
    if settings.tokenizer != "subword":
        name = settings.tokenizer or "whitespace"
        return WorkerOptions(TokenizerSpec(name, frozenset(flags)).identity)
    assert settings.subword_model is not None
    model = read_subword(settings.subword_model)
    return WorkerOptions(subword_spec(model).identity, model)


def _tokenized(file: TokenFile, worker: WorkerOptions, workers: int, report: Reporter) -> TokenFile:
    rows = len(file.documents)
    with (
        TokenizePool(worker, workers, rows) as pool,
        report.progress("tokenizing", rows, "rows") as progress,
    ):
        documents = []
        for document, tokens in pool.tokenize((d, d.text) for d in file.documents):
            documents.append(replace(document, tokens=tokens.split(" ") if tokens else []))
            progress.advance()
        pool.warn_of_characters(report)
    return replace(file, tokenizer=worker.identity, documents=documents)
