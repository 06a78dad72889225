"""A trained tagger, opened: tags for sentences, and how well it does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from rnntool.data.spelling import Speller
from rnntool.data.stream import batches_of
from rnntool.data.tagged import Tagged, encode_tagged
from rnntool.formats.reading import count_lines
from rnntool.formats.rundir import CHARACTERS, Run
from rnntool.formats.tagged import Sentence, TaggedOptions, format_tagged, read_tagged
from rnntool.formats.vocab import read_vocabulary
from rnntool.models.tagger import SequenceTagger
from rnntool.reporting import Reporter
from rnntool.tasks.evaluate_settings import EvaluateSettings, InferenceSettings, PredictSettings
from rnntool.tasks.features import read_sizes
from rnntool.tasks.metrics import ClassificationReport, classification_report
from rnntool.tasks.opening import Opened, open_trained
from rnntool.tasks.tag import build_model, entity_f1, has_entities, tag_probabilities
from rnntool.tasks.tag_settings import TagSettings
from rnntool.text.vocabulary import UNK_ID, Vocabulary


@dataclass(frozen=True)
class TrainedTagger(Opened[TagSettings, SequenceTagger]):
    """A run directory's model, ready to answer."""

    speller: Speller

    def encode(self, sentences: list[Sentence], path: str) -> Tagged:
        """Sentences as the model's numbers.

        Raises:
            UserError: a tag was not seen in training.
        """
        return encode_tagged(sentences, self.run.vocabulary, self.speller, self.run.labels, path)


@dataclass(frozen=True)
class TaggingReport:
    """Figures of one evaluation."""

    sentences: int
    tokens: int
    accuracy: float
    unknown_share: float  # tokens that the vocabulary lacks
    unknown_accuracy: float | None  # on those
    sentence_accuracy: float  # sentences without a wrong tag
    entity_f1: float | None  # of BIO tags
    by_tag: ClassificationReport

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {**vars(self), "by_tag": self.by_tag.as_dict()}


def load_tagger(path: str, device: str = "auto", threads: int = 0) -> TrainedTagger:
    """Open a run directory of `train tag`.

    Raises:
        UserError: it is none, is damaged, or was trained for another task.
    """

    def characters(run: Run) -> Vocabulary:
        return read_vocabulary(str(run.path / CHARACTERS))

    def fresh(settings: TagSettings, run: Run) -> SequenceTagger:
        return build_model(settings, run.vocabulary, characters(run), run.labels, read_sizes(run))

    opened = open_trained(path, "tag", TagSettings, fresh, device, threads)
    speller = Speller(opened.settings.character_unit, characters(opened.run))
    return TrainedTagger(**vars(opened), speller=speller)


def evaluate_tagger(
    run: str, data: str, settings: EvaluateSettings, report: Reporter
) -> TaggingReport:
    """Score a run directory on tagged sentences.

    Raises:
        UserError: run or data cannot be used, or a tag was not seen in training.
    """
    tagger = load_tagger(run, settings.device, settings.threads)
    sentences = list(read_tagged(data, _options(tagger, settings, settings.label_column)))
    encoded = tagger.encode(sentences, data)
    report.note(f"scoring {len(sentences):,} sentences")
    probabilities, truth = tag_probabilities(tagger.model, encoded, tagger.device)
    predicted = probabilities.argmax(axis=1)
    right = predicted == truth
    unknown = encoded.sequences.ids == UNK_ID
    offsets = encoded.sequences.offsets
    tags = tagger.run.labels
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


def predict_tags(
    run: str, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Tag every sentence, in order, flushed as the answers come: text, columns or CoNLL-U.

    Returns:
        How many sentences were tagged.

    Raises:
        UserError: run or an input cannot be used.
    """
    tagger = load_tagger(run, settings.device, settings.threads)
    count = 0
    with report.progress("tagging", count_lines(inputs), "lines") as progress:
        for path in inputs:
            sentences = read_tagged(path, _options(tagger, settings, None), tags=False)
            for batch in batches_of(path, sentences, settings.together):
                for sentence, tags, sure in _answers(tagger, batch, path):
                    sink.write(_format(sentence, tags, sure, settings))
                sink.flush()
                progress.advance(sum(len(s.rows) or 1 for s in batch))
                count += len(batch)
    return count


def _answers(
    tagger: TrainedTagger, sentences: list[Sentence], path: str
) -> Iterator[tuple[Sentence, list[str], list[float]]]:
    bare = [Sentence(s.line, s.tokens) for s in sentences]  # tags that stand there are not used
    encoded = tagger.encode(bare, path)
    probabilities, _ = tag_probabilities(tagger.model, encoded, tagger.device)
    best, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    offsets = encoded.sequences.offsets.tolist()
    for sentence, start, stop in zip(sentences, offsets, offsets[1:], strict=False):
        tags = [tagger.run.labels[n] for n in best[start:stop]]
        yield sentence, tags, sure[start:stop].tolist()


def _format(
    sentence: Sentence, tags: list[str], sure: list[float], settings: PredictSettings
) -> str:
    if not settings.json:
        return format_tagged(sentence, tags)
    record: dict[str, Any] = {"tokens": sentence.tokens, "tags": tags}
    if settings.proba:
        record["probabilities"] = sure
    return json.dumps(record, ensure_ascii=False) + "\n"


def _options(
    tagger: TrainedTagger, settings: InferenceSettings, tag_column: str | None
) -> TaggedOptions:
    """Columns as in training where the user says nothing; the form is seen from the file."""
    own = tagger.settings
    return TaggedOptions(
        "lines" if settings.format == "lines" else "auto",
        settings.text_column or own.token_column,
        tag_column or own.tag_column,
        settings.encoding,
    )
