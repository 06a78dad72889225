"""A forward and a backward language model: batches, loss and validation.

Shapes: T time, B batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from rnntool.data.chunks import Chunk, Chunks, DocumentChunks, Place, StreamChunks
from rnntool.data.id_file import IdFile
from rnntool.data.sequences import Ints
from rnntool.data.spelling import Spelling
from rnntool.models.bilm import BiLM
from rnntool.runs.batches import ChunkTask
from rnntool.runs.spelled import spell_tokens
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.lm.data import PreparedText
from rnntool.text.vocabulary import PAD_ID, SPECIALS, Vocabulary
from rnntool.training.task import StepResult


class BiLMTask(ChunkTask):
    """A biLM's batches, loss and validation, for the training loop."""

    def __init__(self, text: PreparedText, settings: BiLMSettings) -> None:
        super().__init__(make_chunks(text.train, 0, text.train_stop, settings))
        self.settings = settings
        self.validates = text.held > 0
        if self.validates:
            self.held = make_chunks(
                text.validation, text.validation_start, len(text.validation), settings
            )

    def training_step(self, model: nn.Module, batch: Place, device: torch.device) -> StepResult:
        """Mean negative log-likelihood per token of both directions, over the sampled softmax."""
        ids, lengths = whole_texts(self.chunks.read(batch))
        bilm, count = cast(BiLM, model), self.settings.samples
        samples = bilm.output.draw(count) if count else None
        tensors = (t.to(device, non_blocking=True) for t in (ids, lengths))
        *ways, others = bilm(*tensors, samples)
        if samples is None:
            losses = [-bilm.output.log_likelihood(w.features, w.targets).mean() for w in ways]
        else:
            losses = [
                bilm.output.sampled_loss(w.features, w.targets, w.rows, samples, others)
                for w in ways
            ]
        return StepResult((losses[0] + losses[1]) / 2, len(ways[0].targets))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Each direction's perplexity over the whole vocabulary, and the mean loss in nats."""
        return perplexities(cast(BiLM, model), self.held, device)


def make_chunks(ids: IdFile, start: int, stop: int, settings: BiLMSettings) -> Chunks:
    """A text in chunks; each chunk is read from a zero state in both directions."""
    if settings.lines:
        return DocumentChunks(ids, stop, settings.batch_size, settings.bptt, settings.seed, start)
    batch = max(1, min(settings.batch_size, (stop - start - 1) // 2))
    return StreamChunks(ids, start, stop, batch, settings.bptt, stateless=True)


def whole_texts(chunk: Chunk) -> tuple[Tensor, Tensor]:
    """[B, T + 1] token numbers and [B] lengths: a chunk's inputs, followed by its last target."""
    lengths = (chunk.targets != PAD_ID).sum(axis=0)
    T, B = chunk.inputs.shape
    ids = np.full((B, T + 1), PAD_ID, dtype=np.int64)
    ids[:, :T] = chunk.inputs.T
    rows = np.flatnonzero(lengths > 0)
    ids[rows, lengths[rows]] = chunk.targets[lengths[rows] - 1, rows]
    return torch.from_numpy(ids), torch.from_numpy(lengths + 1)


def perplexities(model: BiLM, chunks: Chunks, device: torch.device) -> dict[str, float]:
    """Perplexity per token of each direction, and the mean of their losses in nats."""
    totals, count = np.zeros(2), 0
    with torch.inference_mode():
        for ids, lengths in _batches(chunks):
            *ways, _ = model(ids.to(device), lengths.to(device))
            totals += [
                float(model.output.log_likelihood(way.features, way.targets).double().sum())
                for way in ways
            ]
            count += len(ways[0].targets)
    forward, backward = (-totals / count).tolist()
    return {
        "loss": (forward + backward) / 2,
        "forward_perplexity": math.exp(min(forward, 700)),
        "backward_perplexity": math.exp(min(backward, 700)),
    }


def _batches(chunks: Chunks) -> Iterator[tuple[Tensor, Tensor]]:
    for place in chunks.places(1):
        yield whole_texts(chunks.read(place))


def build_model(
    settings: BiLMSettings,
    vocabulary: Vocabulary,
    spelling: Spelling | None,
    seen: Ints | None = None,
) -> BiLM:
    """An untrained pair of language models.

    Args:
        seen: [V] how often each token occurs in the training text; the sampled softmax draws tokens
        by these counts. A vocabulary file has no counts of `<bos>` and `<eos>`. If they were
        never drawn, training would only increase their scores.
    """
    V = len(vocabulary.tokens)
    counts = torch.tensor(vocabulary.counts) if seen is None else torch.from_numpy(seen)
    if spelling is None:
        return BiLM(settings, counts, V)
    predicted = counts[: _frequent(settings, vocabulary.counts)]
    model = BiLM(settings, predicted, V, len(spelling.characters))
    spell_tokens(model.input, spelling, vocabulary.tokens)
    return model


def _frequent(settings: BiLMSettings, counts: tuple[int, ...]) -> int:
    """Size of the output vocabulary: special tokens, and tokens of `--min-count` or more."""
    words = counts[len(SPECIALS) :]  # most frequent first
    wanted = len(SPECIALS) + sum(count >= settings.min_count for count in words)
    return min(wanted, settings.max_size or wanted)
