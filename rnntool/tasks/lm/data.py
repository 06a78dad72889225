"""The data of `train lm`: text as numbers on disk, its vocabulary, the validation part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnntool.data.id_file import IdFile, count_numbers, renumber, write_numbered
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, CorpusOptions, open_corpus, split_tokens
from rnntool.formats.reading import STREAM, count_lines
from rnntool.formats.run_folder import IDS, VALIDATION_IDS
from rnntool.formats.rundir import WEIGHTS, write_parts
from rnntool.formats.subword import read_subword
from rnntool.formats.vocab import read_vocabulary
from rnntool.reporting import Reporter
from rnntool.runs.provenance import noted_inputs
from rnntool.runs.validation import validation_share
from rnntool.tasks.lm.settings import CorpusSettings
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.units import Unit, unit_spec
from rnntool.text.vocabulary import SPECIALS, UNK_ID, Vocabulary, build_vocabulary


@dataclass(frozen=True)
class PreparedText:
    """The inputs of a training, read and numbered."""

    train: IdFile
    train_stop: int  # end of the training part
    validation: IdFile
    validation_start: int  # start of the validation part, in the file `validation`
    vocabulary: Vocabulary
    unit: Unit
    subword_model: bytes | None

    @property
    def held(self) -> int:
        """Number of tokens in the validation part."""
        return len(self.validation) - self.validation_start

    def write(self, folder: Path) -> None:
        """Write what `generate` and `score` need into the run directory."""
        write_parts(folder, self.vocabulary, [], self.subword_model)

    def close(self) -> None:
        """Delete the files of token numbers; the text itself is kept."""
        for ids in {self.train, self.validation}:
            ids.close()
            ids.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class TextSource:
    """How lines of text become tokens."""

    unit: Unit
    subword_model: bytes | None
    options: CorpusOptions
    workers: int = 0
    jvm_heap: int = 1024

    def lines(self, paths: list[str], report: Reporter) -> Iterator[tuple[str, list[str]]]:
        """Each line of the files: its text, unchanged, and its tokens.

        Raises:
            UserError: a file cannot be used, or has tokens of another tokenizer.
        """
        identity = self.unit.spec.identity
        options = WorkerOptions(identity, self.subword_model, self.jvm_heap)
        expected = count_lines(paths)
        with (
            TokenizePool(options, self.workers, expected) as pool,
            report.progress("reading", expected, "lines") as progress,
        ):
            for path in paths:
                with open_corpus(path, self.options) as corpus:
                    for text, tokens in self._tokens(corpus, pool):
                        yield text, tokens
                        progress.advance()
            pool.warn_of_characters(report)

    def _tokens(self, corpus: Corpus, pool: TokenizePool) -> Iterator[tuple[str, list[str]]]:
        found = corpus.layout.tokenizer
        if found is not None:
            _require_unit(self.unit, found, corpus.name)
            return ((row.text, split_tokens(row.text)) for row in corpus)
        if self.unit.cheap:  # splitting costs less than sending lines to a process
            split = make_tokenizer(self.unit.spec).tokenize
            return ((row.text, split(row.text)) for row in corpus)
        pairs = pool.tokenize((row.text, row.text) for row in corpus)
        return ((text, split_tokens(tokens)) for text, tokens in pairs)


def text_source(paths: list[str], settings: CorpusSettings) -> TextSource:
    """How to read the files: with the unit of the settings, or that of a tokens file."""
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    model = None if settings.subword_model is None else read_subword(settings.subword_model)
    identity = None if paths[0] == STREAM else _declared(paths[0], options)
    spec = unit_spec(settings.unit, model) if identity is None else parse_identity(identity)
    if spec.subword is not None and model is None:
        raise UserError(f"has tokens of {spec.identity}", where=paths[0],
                        hint="give its model with --subword-model")  # fmt: skip
    return TextSource(Unit(spec, settings.lines), model, options, settings.workers)


def prepare_text(
    paths: list[str], settings: CorpusSettings, folder: Path, report: Reporter
) -> PreparedText:
    """Write the text as numbers into files in the folder, and split off the validation part.

    Raises:
        UserError: a file cannot be used, or the text is too short for the batch and chunk.
    """
    source = text_source(paths, settings)
    share = validation_share(settings.validation)
    numbering = _number(source, paths, folder / IDS, report)
    train = IdFile(folder / IDS)
    stop = len(train) if share is None else int(len(train) * (1 - share))
    seen = count_numbers(train, stop, len(numbering))
    _refuse_dull(seen, len(train), paths)
    vocabulary = _vocabulary(settings, dict(zip(numbering, seen.tolist(), strict=True)), source)
    _to_vocabulary(folder / IDS, numbering, vocabulary)
    validation, start = train, stop
    if share is None:
        other = _number(source, [settings.validation], folder / VALIDATION_IDS, report)
        _to_vocabulary(folder / VALIDATION_IDS, other, vocabulary)
        validation, start = IdFile(folder / VALIDATION_IDS), 0
    prepared = PreparedText(
        train, stop, validation, start, vocabulary, source.unit, source.subword_model
    )
    _refuse_short(prepared, settings)
    _note(prepared, report)
    return prepared


def input_files(
    paths: list[str],
    settings: CorpusSettings,
    *,
    init_from: str | None = None,
    vectors: str | None = None,
) -> dict[str, object]:
    """Path and sha256 of each input, for the run's configuration."""
    named: dict[str, str | None] = {f"text{n or ''}": path for n, path in enumerate(paths)}
    named |= {
        "vocab": settings.vocab,
        "subword_model": settings.subword_model,
        "init_from": init_from and f"{init_from}/{WEIGHTS}",
        "vectors": vectors,
    }
    if validation_share(settings.validation) is None:
        named["validation"] = settings.validation
    return noted_inputs(named)


def _number(source: TextSource, paths: list[str], target: Path, report: Reporter) -> dict[str, int]:
    unit = source.unit
    return write_numbered((unit.line(tokens) for _, tokens in source.lines(paths, report)), target)


def _to_vocabulary(path: Path, numbering: dict[str, int], vocabulary: Vocabulary) -> None:
    get = vocabulary.ids.get
    renumber(path, np.array([get(token, UNK_ID) for token in numbering], dtype=np.uint32))


def _vocabulary(settings: CorpusSettings, seen: dict[str, int], source: TextSource) -> Vocabulary:
    identity = source.unit.spec.identity
    if settings.vocab is None:
        return build_vocabulary(Counter(seen), identity, settings.min_count, settings.max_size)
    vocabulary = read_vocabulary(settings.vocab)
    _require_unit(source.unit, vocabulary.tokenizer, settings.vocab)
    return vocabulary


def _require_unit(unit: Unit, tokenizer: str, where: str) -> None:
    if tokenizer != unit.spec.identity:
        raise UserError(
            f"has tokens of {tokenizer!r}, but the model uses {unit.spec.identity!r}",
            where=where,
            hint="give raw text, or tokens of the model's tokenizer",
        )


def _declared(path: str, options: CorpusOptions) -> str | None:
    with open_corpus(path, options) as corpus:
        return corpus.layout.tokenizer


def _refuse_dull(seen: np.ndarray, tokens: int, paths: list[str]) -> None:
    if int((seen > 0).sum()) < 2:
        raise UserError(
            f"all {tokens:,} tokens are the same, so there is nothing to learn",
            where=paths[0],
        )


def _refuse_short(text: PreparedText, settings: CorpusSettings) -> None:
    """Raise a UserError if there is too little text for one step, or for validation."""
    needed = settings.batch_size * (min(settings.bptt, 8) + 1)
    if text.train_stop < needed:
        raise UserError(
            f"the training text has {text.train_stop:,} tokens, but"
            f" --batch-size {settings.batch_size} with --bptt {settings.bptt} needs {needed:,}",
            hint="give more text or a smaller --batch-size",
        )
    if text.held < 2 and validation_share(settings.validation) != 0:
        raise UserError(f"the validation text has only {text.held} tokens",
                        hint="give a larger --validation")  # fmt: skip


def _note(text: PreparedText, report: Reporter) -> None:
    unknown = sum(
        int((block == UNK_ID).sum()) for block in text.validation.blocks(text.validation_start)
    )
    report.note(
        f"{text.train_stop:,} tokens for training, {text.held:,} for validation;"
        f" vocabulary of {len(text.vocabulary):,} with {len(SPECIALS)} special tokens;"
        f" {unknown / max(1, text.held):.2%} of the validation tokens are unknown"
    )
