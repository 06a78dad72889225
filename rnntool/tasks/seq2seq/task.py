"""Sequence to sequence (many to many, delayed): batches, loss and validation.

Shapes: B batch, S source steps, T target steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.data.pairs import NumberedPairs
from rnntool.data.sequences import Ints, sorted_batches
from rnntool.models.seq2seq import Seq2Seq
from rnntool.runs.batches import RowTask
from rnntool.tasks.seq2seq.data import Prepared
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.text.vocabulary import BOS_ID, PAD_ID, Vocabulary
from rnntool.training.task import StepResult

_EVAL_TOKENS = 8_192  # maximum size of a padded evaluation batch


class Seq2SeqTask(RowTask):
    """Batches, loss and validation of a seq2seq model, for the training loop."""

    unit = "target tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: Seq2SeqSettings) -> None:
        tokens = int(prepared.train.targets.lengths.sum())
        super().__init__(prepared.train.lengths, settings.batch_size, settings.seed, tokens)
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings
        self.validates = len(self.validation) > 0

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Mean cross-entropy over the batch's target tokens."""
        pair = make_batch(self.train, batch, device)
        inputs = pair.inputs
        if self.settings.teacher_forcing < 1:
            inputs = own_inputs(cast(Seq2Seq, model), pair, self.settings.teacher_forcing)
        scores, wanted = target_scores(cast(Seq2Seq, model), pair, inputs)
        loss = functional.cross_entropy(scores, wanted,
                                        label_smoothing=self.settings.label_smoothing)  # fmt: skip
        nats = None
        if self.settings.label_smoothing > 0:
            nats = functional.cross_entropy(scores.detach(), wanted)
        return StepResult(loss, len(wanted), nats=nats)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Nats per target token and perplexity, with the true tokens as inputs."""
        total, count = target_likelihood(cast(Seq2Seq, model), self.validation, device)
        loss = -total / count
        return {"loss": loss, "perplexity": math.exp(min(loss, 700))}


@dataclass(frozen=True)
class Batch:
    """Pairs on the device."""

    ids: Tensor  # [B, S]
    lengths: Tensor  # [B]
    inputs: Tensor  # [B, T]: <bos>, then the target without its end
    targets: Tensor  # [B, T]: the target with <eos>, then padding


def make_batch(data: NumberedPairs, rows: Ints, device: torch.device) -> Batch:
    """The rows as padded tensors on the device."""
    ids, lengths = data.sources.padded(rows)
    targets, _ = data.targets.padded(rows)
    inputs = np.concatenate([np.full((len(rows), 1), BOS_ID), targets[:, :-1]], axis=1)
    arrays = (ids, lengths, inputs, targets)
    return Batch(*(torch.from_numpy(a).to(device, non_blocking=True) for a in arrays))


def target_scores(model: Seq2Seq, batch: Batch, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """[N, V] scores of all target tokens without padding, and their [N] numbers."""
    memory = model.read(batch.ids, batch.lengths)
    features, _ = model.write(inputs, memory, memory.start)
    real = batch.targets != PAD_ID
    return model.output.linear(features[real]).float(), batch.targets[real]


def own_inputs(model: Seq2Seq, batch: Batch, share: float) -> Tensor:
    """The decoder's inputs: a share of true tokens, and the model's own predictions for the rest.

    The predictions come from one pass over the true tokens, instead of one pass per token
    (Mihaylova and Martins 2019, "Scheduled Sampling for Transformers", §2.2; after Bengio et al.
    2015).
    """
    with torch.no_grad():
        memory = model.read(batch.ids, batch.lengths)
        features, _ = model.write(batch.inputs, memory, memory.start)
        written = model.output.linear(features).argmax(dim=-1)
    own = torch.cat([batch.inputs[:, :1], written[:, :-1]], dim=1)
    swap = (torch.rand(own.shape, device=own.device) >= share) & (batch.inputs != PAD_ID)
    swap[:, 0] = False
    return torch.where(swap, own, batch.inputs)


def target_likelihood(
    model: Seq2Seq, data: NumberedPairs, device: torch.device
) -> tuple[float, int]:
    """Total ln p of all target tokens, each given the true ones before it, and their number."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for rows in sorted_batches(data.lengths, _EVAL_TOKENS):
            batch = make_batch(data, rows, device)
            scores, wanted = target_scores(model, batch, batch.inputs)
            total -= float(functional.cross_entropy(scores, wanted, reduction="sum"))
            count += len(wanted)
    return total, count


def build_model(settings: Seq2SeqSettings, sources: Vocabulary, targets: Vocabulary) -> Seq2Seq:
    """An untrained model."""
    return Seq2Seq(settings, len(sources), len(targets))
