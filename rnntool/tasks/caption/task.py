"""Captioning, one to many: batches, loss and validation.

Shapes: N rows, T time, B batch, F features.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from rnntool.data.sequences import Ints, sorted_batches
from rnntool.models.caption import CaptionModel
from rnntool.runs.batches import RowTask
from rnntool.tasks.caption.data import Captioned, Floats, Prepared
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.text.vocabulary import PAD_ID, Vocabulary
from rnntool.training.task import StepResult

_EVAL_TOKENS = 8_192  # maximum size of a padded evaluation batch


class CaptionTask(RowTask):
    """Batches, loss and validation of a captioning model, for the training loop."""

    unit = "tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: CaptionSettings) -> None:
        lengths = prepared.train.sequences.lengths
        predicted = int((lengths - 1).sum())  # all except <bos>
        super().__init__(lengths, settings.batch_size, settings.seed, predicted)
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings
        self.validates = len(self.validation) > 0

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Mean negative log-likelihood of the batch's tokens."""
        likelihood = batch_likelihood(cast(CaptionModel, model), self.train, batch, device)
        return StepResult(-likelihood.mean(), len(likelihood))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Nats per token and perplexity on the validation data."""
        total, count = text_likelihood(cast(CaptionModel, model), self.validation, device)
        return {"loss": -total / count, "perplexity": math.exp(min(-total / count, 700))}


def batch_likelihood(
    model: CaptionModel, data: Captioned, rows: Ints, device: torch.device
) -> Tensor:
    """ln p of each token of the rows, without padding."""
    ids, _ = data.sequences.padded(rows)
    steps = torch.from_numpy(np.ascontiguousarray(ids.T)).to(device)  # [T + 1, B]
    vectors = torch.from_numpy(data.vectors[rows]).to(device)
    states = model.states(steps[:-1], vectors)
    real = steps[1:] != PAD_ID
    return model.output.log_likelihood(states[real], steps[1:][real])


def text_likelihood(
    model: CaptionModel, data: Captioned, device: torch.device
) -> tuple[float, int]:
    """Total ln p of all tokens, and their number."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for rows in sorted_batches(data.sequences.lengths, _EVAL_TOKENS):
            likelihood = batch_likelihood(model, data, rows, device)
            total += float(likelihood.double().sum())
            count += len(likelihood)
    return total, count


def build_model(settings: CaptionSettings, vocabulary: Vocabulary, vectors: Floats) -> CaptionModel:
    """An untrained model; its input scale comes from these vectors."""
    deviation = np.maximum(vectors.std(axis=0), 1e-6)
    scale = (torch.from_numpy(a) for a in (vectors.mean(axis=0), deviation))
    return CaptionModel(settings, len(vocabulary), *scale)
