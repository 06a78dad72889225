"""The data of `train classify`: tokens, labels, vocabulary, validation split, subword model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rnntool.data.check import warn_of_long
from rnntool.data.labelled import Labelled, TokenFile, alike, encode, strata_of
from rnntool.data.sequences import Ints
from rnntool.data.split import folds_of, split_off, split_off_stratified, uneven
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.reading import open_binary
from rnntool.formats.rundir import WEIGHTS, write_parts
from rnntool.formats.vocab import read_vocabulary
from rnntool.reporting import Reporter
from rnntool.runs.provenance import noted_inputs
from rnntool.runs.validation import validation_share
from rnntool.tasks.classify.raw_text import read_documents
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.text.vocabulary import UNK_ID, Vocabulary, build_vocabulary


@dataclass(frozen=True)
class Prepared:
    """The inputs of a training, read and numbered."""

    train: Labelled
    validation: Labelled
    held_out: Labelled | None  # the fold that is scored at the end
    vocabulary: Vocabulary
    labels: list[str]
    tokenizer: str
    subword_model: bytes | None
    texts: list[list[str]]  # the training rows' tokens, only with teachers

    def write(self, folder: Path) -> None:
        """Write what `predict` needs into the run directory."""
        write_parts(folder, self.vocabulary, self.labels, self.subword_model)


def prepare(path: str, settings: ClassifySettings, report: Reporter) -> Prepared:
    """Read and number the data, and split off the validation part.

    Raises:
        UserError: a file cannot be used, the tokenizers of two files differ, there are fewer than
            two labels, or more than two for a sigmoid unit.
    """
    options = CorpusOptions(
        settings.format, settings.text_column, settings.label_column, settings.encoding
    )
    file = read_documents(path, options, settings, report)
    labels = _check_labels(file, settings)
    for group in alike(labels):
        report.warn(f"{path}: labels that look alike: {', '.join(map(repr, group))}")
    several = settings.multi_label
    out = None
    if settings.fold:
        file, out = _without_fold(file, labels, settings)
        report.note(f"fold {settings.fold} of {settings.folds}: {len(out.documents):,} documents"
                    " are held out, and scored at the end")  # fmt: skip
    vocabulary = _vocabulary(file, settings)
    everything = encode(file, vocabulary, labels, settings.max_length, several)
    share = validation_share(settings.validation)
    if share is None:
        held_file = read_documents(settings.validation, options, settings, report)
        require_same_tokenizer(held_file, file.path, file.tokenizer)
        train, held = (
            everything,
            encode(held_file, vocabulary, labels, settings.max_length, several),
        )
        rows = np.arange(len(train))
    else:
        if share and len(everything) < 2:
            raise UserError("needs at least two rows, one of them for validation", where=path)
        rows, held_rows = _split(everything.labels, share, settings, report)
        train, held = everything.take(rows), everything.take(held_rows)
    _note(report, file, train, held, everything.cut, vocabulary, labels)
    texts = [file.documents[row].tokens for row in rows] if settings.distil else []
    subword = _subword(file, settings)
    held_out = None
    if out is not None:
        held_out = encode(out, vocabulary, labels, settings.max_length, several)
    return Prepared(train, held, held_out, vocabulary, labels, file.tokenizer, subword, texts)


def _without_fold(
    file: TokenFile, labels: list[str], settings: ClassifySettings
) -> tuple[TokenFile, TokenFile]:
    """The documents to train and validate on, and those of the fold."""
    if len(file.documents) < settings.folds:
        raise UserError(f"has {len(file.documents)} rows, and --folds is {settings.folds}",
                        where=file.path)  # fmt: skip
    strata = strata_of(file, labels, settings.multi_label)
    mine = folds_of(strata, settings.folds, settings.seed) == settings.fold
    pairs = list(zip(file.documents, mine.tolist(), strict=True))
    rest, out = ([d for d, own in pairs if own is chosen] for chosen in (False, True))
    return replace(file, documents=rest), replace(file, documents=out)


def _split(
    labels: Ints, share: float, settings: ClassifySettings, report: Reporter
) -> tuple[Ints, Ints]:
    """Rows to train and to validate on; by class where `--stratify` says so."""
    counts = np.unique(labels, return_counts=True)[1]
    several, unweighted = settings.multi_label, settings.class_weight == "none"
    if uneven(counts) and unweighted and not several:
        report.note(f"classes are uneven: from {counts.min():,} to {counts.max():,} rows;"
                    " --class-weight balanced gives them the same weight, --monitor macro_f1 keeps"
                    " the epoch that is best at all of them")  # fmt: skip
    if settings.stratify == "yes" or (settings.stratify == "auto" and uneven(counts)):
        return split_off_stratified(labels, share, settings.seed)
    return split_off(len(labels), share, settings.seed)


def input_files(path: str, settings: ClassifySettings) -> dict[str, object]:
    """Path and sha256 of each input, for the run's configuration."""
    paths: dict[str, str | None] = {
        "train": path,
        "vocab": settings.vocab,
        "vectors": settings.vectors,
        "features": settings.features and f"{settings.features}/{WEIGHTS}",
        "init": settings.init and f"{settings.init}/{WEIGHTS}",
        "unlabelled": settings.unlabelled,
        **{f"distil {n}": f"{run}/{WEIGHTS}" for n, run in enumerate(settings.distil, start=1)},
        "init_from": settings.init_from and f"{settings.init_from}/{WEIGHTS}",
    }
    if validation_share(settings.validation) is None:
        paths["validation"] = settings.validation
    return noted_inputs(paths)


def require_same_tokenizer(file: TokenFile, other: str, tokenizer: str) -> None:
    """Raise a UserError that names both tokenizers if they differ."""
    if file.tokenizer != tokenizer:
        raise UserError(
            f"tokens of {file.tokenizer!r}, but {other} has tokens of {tokenizer!r}",
            where=file.path,
            hint="tokenize both with the same tokenizer and options",
        )


def _check_labels(file: TokenFile, settings: ClassifySettings) -> list[str]:
    labels = file.labels()
    for label in labels:
        if "\t" in label or len(label.splitlines()) != 1:
            raise UserError(f"the label {label!r} holds a tab or a line break", where=file.path,
                            hint="is it the right column? (--label-column)")  # fmt: skip
    if settings.multi_label:
        if not labels:
            raise UserError("no text has a label", where=file.path)
        return labels
    if len(labels) < 2:
        raise UserError(
            f"has only one label, {labels[0]!r}",
            where=file.path,
            hint="a classifier needs at least two",
        )
    if len(labels) > 2 and settings.output_unit == "sigmoid":
        raise UserError(
            f"has {len(labels)} labels, but one sigmoid unit can separate only two",
            where=file.path,
            hint="give --output-unit softmax",
        )
    return labels


def _vocabulary(file: TokenFile, settings: ClassifySettings) -> Vocabulary:
    if settings.vocab is None:
        counts: Counter[str] = file.token_counts()
        return build_vocabulary(counts, file.tokenizer, settings.min_count, settings.max_size)
    vocabulary = read_vocabulary(settings.vocab)
    require_same_tokenizer(file, settings.vocab, vocabulary.tokenizer)
    return vocabulary


def _subword(file: TokenFile, settings: ClassifySettings) -> bytes | None:
    """The bytes of the subword model that made the tokens; None for other tokenizers."""
    path = settings.subword_model or file.model
    if path is None:
        return None
    try:
        with open_binary(path) as source:
            return source.read()
    except UserError as error:
        hint = "give its path with --subword-model"
        raise UserError(f"subword model {error.what}", where=path, hint=hint) from None


def _note(
    report: Reporter,
    file: TokenFile,
    train: Labelled,
    held: Labelled,
    cut: int,
    vocabulary: Vocabulary,
    labels: list[str],
) -> None:
    ids = train.sequences.ids
    unknown = float((ids == UNK_ID).mean()) if len(ids) else 0.0
    report.note(
        f"{file.path}: {len(train):,} documents for training, {len(held):,} for validation;"
        f" {len(ids):,} tokens of {file.tokenizer}, {unknown:.2%} of them not in the vocabulary of"
        f" {len(vocabulary):,}; labels {', '.join(labels[:10])}{' …' if len(labels) > 10 else ''}"
    )
    longest = int(train.sequences.lengths.max(initial=0))
    warn_of_long(longest, report, "; --max-length cuts such texts")
    if cut:
        report.warn(f"{cut:,} documents were cut to --max-length")
