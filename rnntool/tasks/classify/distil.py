"""Distillation: learn the probabilities of teachers, on labelled and on unlabelled texts.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", §2, at temperature 1:
the target is a mixture of the label and the teachers' mean probabilities. For a text without a
label, the target is the teachers' probabilities only; if teacher and student have the same size,
this is self-training (Yarowsky 1995; "Noisy Student", Xie et al. 2020).

Shapes: N rows, C classes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rnntool.data.labelled import Labelled, join_labelled
from rnntool.data.sequences import Ints, pack_sequences
from rnntool.data.token_files import TokenFiles
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.reporting import Reporter
from rnntool.tasks.classify.data import Prepared
from rnntool.tasks.classify.load import Ensemble, TrainedClassifier, load_ensemble
from rnntool.tasks.classify.settings import ClassifySettings

Floats = NDArray[np.float32]

_ASKED = 16_384  # texts given to the teachers at a time: batches are of similar lengths


def learn_from_teachers(
    prepared: Prepared, settings: ClassifySettings, report: Reporter
) -> Labelled:
    """The training rows with targets from `--distil`, followed by the rows of `--unlabelled`.

    Raises:
        UserError: a teacher is not a classifier, or its labels or tokenizer differ; the unlabelled
            file cannot be used.
    """
    teachers = load_ensemble(list(settings.distil), settings.device, settings.threads)
    if teachers.labels != prepared.labels:
        theirs, ours = ", ".join(teachers.labels), ", ".join(prepared.labels)
        raise UserError(
            f"has the labels {theirs}, but the training data has {ours}", where=settings.distil[0]
        )
    _require_tokenizer(prepared.tokenizer, teachers)
    hard = smoothed(prepared.train.labels, len(prepared.labels), settings.label_smoothing)
    w = settings.distil_weight
    targets = (1 - w) * hard + w * _ask(teachers, prepared.texts, "labelled", report)
    train = replace(prepared.train, targets=targets)
    if settings.unlabelled is None:
        return train
    texts = _read_unlabelled(settings, teachers)
    return join_labelled(train, _labelled_by(teachers, texts, prepared, settings, report))


def smoothed(labels: Ints, classes: int, smoothing: float) -> Floats:
    """[N, C] targets: 1 − ε for the label, ε / C for all classes (Szegedy et al. 2016, eq. 7)."""
    targets: Floats = np.full((len(labels), classes), smoothing / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def _ask(
    teachers: TrainedClassifier | Ensemble, texts: list[list[str]], kind: str, report: Reporter
) -> Floats:
    """[N, C] the teachers' probabilities."""
    report.note(f"predicting {len(texts):,} {kind} texts with the teachers")
    parts = []
    with report.progress("predicting", len(texts), "texts") as progress:
        for start in range(0, max(1, len(texts)), _ASKED):
            some = texts[start : start + _ASKED]
            parts.append(teachers.probabilities(" ".join(tokens) for tokens in some))
            progress.advance(len(some))
    return np.concatenate(parts).astype(np.float32)


def _read_unlabelled(
    settings: ClassifySettings, teachers: TrainedClassifier | Ensemble
) -> list[list[str]]:
    assert settings.unlabelled is not None
    options = CorpusOptions(text_column=settings.text_column, encoding=settings.encoding)
    files = TokenFiles([settings.unlabelled], options)
    texts = [tokens for tokens in files if tokens]
    _require_tokenizer(files.tokenizer, teachers, settings.unlabelled)
    return texts


def _require_tokenizer(
    tokenizer: str, teachers: TrainedClassifier | Ensemble, where: str | None = None
) -> None:
    if tokenizer != teachers.tokenizer:
        raise UserError(
            f"tokens of {tokenizer!r}, but the teacher was trained on tokens of"
            f" {teachers.tokenizer!r}", where=where,
            hint="tokenize both with the same tokenizer and options",
        )  # fmt: skip


def _labelled_by(
    teachers: TrainedClassifier | Ensemble,
    texts: list[list[str]],
    prepared: Prepared,
    settings: ClassifySettings,
    report: Reporter,
) -> Labelled:
    targets = _ask(teachers, texts, "unlabelled", report)
    limit = settings.max_length or None
    sequences = pack_sequences(prepared.vocabulary.encode(tokens[:limit]) for tokens in texts)
    return Labelled(sequences, targets.argmax(axis=1), 0, targets)
