"""Tagging, many to many and aligned: data, model, loss and metrics, and `train tag`.

Shapes: B batch, T time, C tags, N tokens in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnntool.configuration import as_dict
from rnntool.data.sequences import Ints, sorted_batches
from rnntool.data.spelling import Speller, count_characters
from rnntool.data.tagged import Tagged, encode_tagged
from rnntool.errors import UserError
from rnntool.formats.rundir import CHARACTERS, WEIGHTS, RunConfig, write_parts
from rnntool.formats.tagged import Sentence, TaggedOptions, read_tagged
from rnntool.formats.vocab import write_vocabulary
from rnntool.models.settings import BiLMModelSettings
from rnntool.models.tagger import SequenceTagger
from rnntool.reporting import Reporter
from rnntool.runs.features import Context, note_mixture, open_context
from rnntool.runs.start import (
    hold_back,
    library_versions,
    noted_inputs,
    start_from_vectors,
    validation_share,
)
from rnntool.runs.train import Job, RowTask, train_run
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import Vocabulary, build_vocabulary
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult

_EVAL_TOKENS = 16_384  # of a padded evaluation batch at most


@dataclass(frozen=True)
class Prepared:
    """Everything a training needs of its inputs."""

    train: Tagged
    validation: Tagged
    vocabulary: Vocabulary
    characters: Vocabulary
    tags: list[str]
    context: Context | None

    def write(self, folder: Path) -> None:
        """Copy into the run directory what tagging will need."""
        write_parts(folder, self.vocabulary, self.tags)
        write_vocabulary(str(folder / CHARACTERS), self.characters)
        if self.context is not None:
            self.context.write(folder)


class TagTask(RowTask):
    """What the training loop asks for."""

    unit = "tokens"
    monitor = "accuracy"
    higher_is_better = True

    def __init__(self, prepared: Prepared, settings: TagSettings) -> None:
        lengths = prepared.train.sequences.lengths
        super().__init__(lengths, settings.batch_size, settings.seed, int(lengths.sum()))
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings
        self.tags = prepared.tags
        if has_entities(self.tags):
            self.monitor = "f1"

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Mean negative log-likelihood of the batch's tags, a token."""
        tagger = cast(SequenceTagger, model)
        scores, tags, real = batch_scores(tagger, self.train, batch, device)
        correct = int((scores.argmax(dim=2) == tags)[real].sum())
        return StepResult(tagger.loss(scores, tags, real), int(real.sum()), correct)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss in nats a token and accuracy on the validation data; F1 of entities if there are."""
        tagger = cast(SequenceTagger, model)
        probabilities, truth = tag_probabilities(tagger, self.validation, device)
        right = probabilities[np.arange(len(truth)), truth]
        predicted = probabilities.argmax(axis=1)
        metrics = {
            "loss": float(-np.log(np.maximum(right, 1e-12)).mean()),
            "accuracy": float((predicted == truth).mean()),
        }
        if has_entities(self.tags):
            offsets = self.validation.sequences.offsets
            metrics["f1"] = entity_f1(truth, predicted, offsets, self.tags)
        return metrics


def batch_scores(
    model: SequenceTagger, data: Tagged, rows: Ints, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """[B, T, C] scores, [B, T] tag numbers and [B, T] real steps of the rows."""
    ids, lengths = data.sequences.padded(rows)
    words, _ = data.words.padded(rows)
    distinct, places = np.unique(words, return_inverse=True)
    spelling, spelling_lengths = data.spellings.padded(distinct)
    arrays = (ids, lengths, spelling, spelling_lengths, places.reshape(words.shape))
    tensors = [torch.from_numpy(a).to(device, non_blocking=True) for a in arrays]
    real = torch.arange(ids.shape[1], device=device) < tensors[1].unsqueeze(1)
    tags = torch.from_numpy(data.tags.padded(rows)[0]).to(device)
    return model(*tensors), tags, real


def tag_probabilities(
    model: SequenceTagger, data: Tagged, device: torch.device
) -> tuple[NDArray[np.float64], Ints]:
    """[N, C] probabilities and [N] true tags of all tokens, in the data's order.

    With a conditional random field they are its marginals.
    """
    offsets, lengths = data.sequences.offsets, data.sequences.lengths
    result: NDArray[np.float64] | None = None
    with torch.no_grad():
        for rows in sorted_batches(lengths, _EVAL_TOKENS):
            scores, _, real = batch_scores(model, data, rows, device)
            found = model.probabilities(scores, real).cpu().numpy()
            if result is None:
                result = np.empty((int(offsets[-1]), found.shape[1]))
            result[np.concatenate([np.arange(offsets[r], offsets[r + 1]) for r in rows])] = found
    assert result is not None
    return result, data.tags.ids.astype(np.int64)


def has_entities(tags: list[str]) -> bool:
    """Whether the tags are BIO: `O`, `B-…` and `I-…`."""
    return any(t.startswith("B-") for t in tags) and all(t == "O" or t[:2] in ("B-", "I-")
                                                          for t in tags)  # fmt: skip


def entity_f1(truth: Ints, predicted: Ints, offsets: Ints, tags: list[str]) -> float:
    """F1 of whole entities, as CoNLL 2003 counts them (seqeval)."""
    try:
        from seqeval.metrics import f1_score
    except ImportError:
        raise UserError("entity F1 needs seqeval", hint="pip install seqeval") from None

    def sentences(numbers: Ints) -> list[list[str]]:
        return [
            [tags[n] for n in numbers[a:b]]
            for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ]

    return float(f1_score(sentences(truth), sentences(predicted), zero_division=0))


def train_tagger(
    data: str,
    output: str,
    settings: TagSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on tagged sentences into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    def job(_: Path) -> Job:
        if settings.encoder == "cnn-rnn" and settings.conv_pool != 1:
            raise UserError("--conv-pool must be 1: each token needs a step of its own")
        context = open_context(settings.features)
        sizes = None if context is None else context.sizes
        prepared = prepare(data, settings, context, report)

        def fresh(own: TagSettings) -> SequenceTagger:
            return build_model(own, prepared.vocabulary, prepared.characters, prepared.tags,
                               sizes)  # fmt: skip

        model, resolved = start_from_vectors(
            settings, prepared.vocabulary, fresh, report, freeze=settings.freeze
        )
        if context is not None and model.features is not None:
            context.load(model.features)
        config = RunConfig("tag", as_dict(resolved), "whitespace", input_files(data, settings),
                           library_versions())  # fmt: skip
        return Job(model, TagTask(prepared, resolved), resolved, config, prepared.write)

    trained = train_run(output, settings, job, report, force=force, resume=resume)
    if settings.features is not None:
        note_mixture(trained[0], report)
    return trained


def build_model(
    settings: TagSettings,
    vocabulary: Vocabulary,
    characters: Vocabulary,
    tags: list[str],
    context: BiLMModelSettings | None = None,
) -> SequenceTagger:
    """A fresh tagger."""
    return SequenceTagger(settings, len(vocabulary), len(characters), len(tags), context)


def prepare(
    path: str, settings: TagSettings, context: Context | None, report: Reporter
) -> Prepared:
    """Read the sentences, number them, and split the validation part off.

    Raises:
        UserError: a file cannot be used, or there are fewer than two tags.
    """
    options = TaggedOptions(
        settings.format, settings.token_column, settings.tag_column, settings.encoding
    )
    train, held = hold_back(
        path, settings.validation, settings.seed, lambda file: list(read_tagged(file, options))
    )
    tags = sorted({tag for s in [*train, *held] for tag in s.tags})
    if len(tags) < 2:
        raise UserError(f"has one tag only, {tags[0]!r}", where=path)
    vocabulary = _vocabulary(train, settings, context)
    characters = count_characters(set(tokens(train)), settings.character_unit)
    speller = Speller(settings.character_unit, characters)
    source = path if validation_share(settings.validation) else settings.validation
    prepared = Prepared(
        encode_tagged(train, vocabulary, speller, tags, path),
        encode_tagged(held, vocabulary, speller, tags, source),
        vocabulary, characters, tags, context,
    )  # fmt: skip
    unknown = sum(token not in vocabulary.ids for token in tokens(held))
    count = len(prepared.validation.sequences.ids)
    report.note(
        f"{path}: {len(train):,} sentences to train on, {len(held):,} to validate on;"
        f" {len(vocabulary):,} tokens in the vocabulary, {unknown / max(1, count):.1%} of"
        f" validation's unknown; {len(tags)} tags"
    )
    return prepared


def _vocabulary(
    train: list[Sentence], settings: TagSettings, context: Context | None
) -> Vocabulary:
    """Of the training part, so that validation shows how unknown words fare; or the biLM's."""
    if context is None:
        return build_vocabulary(Counter(tokens(train)), "whitespace", settings.min_count)
    vocabulary = context.run.vocabulary
    if vocabulary.tokenizer != "whitespace":
        raise UserError(
            f"reads tokens of {vocabulary.tokenizer!r}, but these sentences are words",
            where=context.run.path, hint="train bilm --unit word on such words",
        )  # fmt: skip
    return vocabulary


def tokens(sentences: list[Sentence]) -> Iterator[str]:
    """All tokens of sentences."""
    return (token for sentence in sentences for token in sentence.tokens)


def input_files(path: str, settings: TagSettings) -> dict[str, Any]:
    """Each input's path and sha256, for the run's configuration."""
    paths = {
        "train": path,
        "vectors": settings.vectors,
        "features": settings.features and f"{settings.features}/{WEIGHTS}",
    }
    if validation_share(settings.validation) is None:
        paths["validation"] = settings.validation
    return noted_inputs(paths)
