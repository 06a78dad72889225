"""Tagging (many to many, aligned): batches, loss and validation.

Shapes: B batch, T time, C tags, N total number of tokens.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnntool.data.sequences import Ints, sorted_batches
from rnntool.data.tagged import Tagged
from rnntool.models.settings import BiLMModelSettings
from rnntool.models.tagger import SequenceTagger
from rnntool.runs.batches import RowTask
from rnntool.tasks.tag.data import Prepared
from rnntool.tasks.tag.entities import entity_f1, has_entities
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import Vocabulary
from rnntool.training.task import StepResult

_EVAL_TOKENS = 16_384  # maximum size of a padded evaluation batch


class TagTask(RowTask):
    """Batches, loss and validation of a tagger, for the training loop."""

    unit = "tokens"
    monitor = "accuracy"
    higher_is_better = True

    def __init__(self, prepared: Prepared, settings: TagSettings) -> None:
        lengths = prepared.train.sequences.lengths
        super().__init__(lengths, settings.batch_size, settings.seed, int(lengths.sum()))
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings
        self.validates = len(self.validation.sequences) > 0
        self.tags = prepared.tags
        if has_entities(self.tags):
            self.monitor = "f1"

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Mean negative log-likelihood of the batch's tags, per token."""
        tagger = cast(SequenceTagger, model)
        scores, tags, real = batch_scores(tagger, self.train, batch, device)
        correct = int((scores.argmax(dim=2) == tags)[real].sum())
        return StepResult(tagger.loss(scores, tags, real), int(real.sum()), correct)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss in nats per token, accuracy and, for BIO tags, entity F1 on the validation data."""
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
    """[B, T, C] scores, [B, T] tag numbers, and a [B, T] mask of the steps without padding."""
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
    """[N, C] probabilities and [N] true tags of all tokens, in the order of the data.

    With a conditional random field, the probabilities are its marginals.
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


def build_model(
    settings: TagSettings,
    vocabulary: Vocabulary,
    characters: Vocabulary,
    tags: list[str],
    context: BiLMModelSettings | None = None,
) -> SequenceTagger:
    """An untrained tagger."""
    return SequenceTagger(settings, len(vocabulary), len(characters), len(tags), context)
