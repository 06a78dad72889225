"""`rnntool eval` for a tagger: its score on tagged sentences."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.configuration import build
from rnntool.data.tagged import Tagged
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence, read_tagged
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.metrics import (
    ClassificationReport,
    Floats,
    Table,
    classification_report,
    figure_table,
)
from rnntool.tasks.tag.entities import entity_f1, has_entities
from rnntool.tasks.tag.predict import TagAnswering
from rnntool.tasks.tag.reader import tag_reader
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import UNK_ID


@dataclass(frozen=True)
class TaggingReport:
    """Figures of one evaluation."""

    sentences: int
    tokens: int
    accuracy: float
    unknown_share: float  # share of tokens that are not in the vocabulary
    unknown_accuracy: float | None  # accuracy on those
    sentence_accuracy: float  # sentences without a wrong tag
    entity_f1: float | None  # for BIO tags only
    by_tag: ClassificationReport

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {**vars(self), "by_tag": self.by_tag.as_dict()}

    def tables(self) -> list[Table]:
        """The overall figures, and those of each tag."""
        whole = {name: value for name, value in vars(self).items() if name != "by_tag"}
        return [figure_table(whole), self.by_tag.class_table("tag")]


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> TaggingReport:
    """Score a run on tagged sentences.

    Raises:
        UserError: run or data cannot be used, or a tag was not seen in training.
    """
    sentences, encoded, probabilities = answer_sentences(run, data, settings, report)
    return tagging_report(sentences, encoded, probabilities, run.labels)


def tagging_report(
    sentences: list[Sentence], encoded: Tagged, probabilities: Floats, tags: list[str]
) -> TaggingReport:
    """All figures, from [tokens, tags] probabilities."""
    truth = encoded.tags.ids.astype(np.int64)
    predicted = probabilities.argmax(axis=1)
    right = predicted == truth
    unknown = encoded.sequences.ids == UNK_ID
    offsets = encoded.sequences.offsets
    return TaggingReport(
        sentences=len(sentences),
        tokens=len(truth),
        accuracy=float(right.mean()),
        unknown_share=float(unknown.mean()),
        unknown_accuracy=float(right[unknown].mean()) if unknown.any() else None,
        sentence_accuracy=float(
            np.mean([right[a:b].all() for a, b in itertools.pairwise(offsets)])
        ),
        entity_f1=entity_f1(truth, predicted, offsets, tags) if has_entities(tags) else None,
        by_tag=classification_report(probabilities, truth, tags),
    )


def answer_sentences(
    run: Run, data: str, settings: EvaluateSettings, report: Reporter
) -> tuple[list[Sentence], Tagged, Floats]:
    """Tagged sentences, their numbers, and [tokens, tags] probabilities.

    Raises:
        UserError: run or data cannot be used, or a tag was not seen in training.
    """
    reader = tag_reader(run, build(TagSettings, run.config.settings, where=run.path))
    answering = TagAnswering(reader, settings, report)
    answering.open()
    sentences = list(read_tagged(data, reader.options(settings, settings.label_column)))
    encoded = reader.encode(sentences, data)
    report.note(f"scoring {len(sentences):,} sentences")
    return sentences, encoded, answering.probabilities(encoded)
