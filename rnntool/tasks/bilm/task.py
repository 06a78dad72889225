"""A forward and a backward language model trained together: `train bilm`, and its `eval`.

Shapes: T time, B batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from rnntool.configuration import as_dict
from rnntool.data.chunks import Chunk, Chunks, DocumentChunks, Place, StreamChunks
from rnntool.data.id_file import IdFile
from rnntool.data.spelling import Spelling, make_spelling
from rnntool.formats.rundir import Run, RunConfig
from rnntool.models.bilm import BiLM
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.load import Opened, open_trained
from rnntool.runs.spelled import spell_tokens, spelling_of, write_spelling
from rnntool.runs.start import library_versions, start_from_vectors
from rnntool.runs.train import ChunkTask, Job, train_run
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.lm.data import PreparedText, input_files, prepare_text
from rnntool.tasks.lm.load import numbered_text
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit
from rnntool.text.vocabulary import PAD_ID, SPECIALS, Vocabulary
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult


class BiLMTask(ChunkTask):
    """What the training loop asks for."""

    def __init__(self, text: PreparedText, settings: BiLMSettings) -> None:
        super().__init__(make_chunks(text.train, 0, text.train_stop, settings))
        self.settings = settings
        self.held = make_chunks(
            text.validation, text.validation_start, len(text.validation), settings
        )

    def training_step(self, model: nn.Module, batch: Place, device: torch.device) -> StepResult:
        """Mean of both directions' negative log-likelihood a token, among the samples."""
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
        """Each direction's perplexity over the whole vocabulary, and their mean loss in nats."""
        return perplexities(cast(BiLM, model), self.held, device)


def make_chunks(ids: IdFile, start: int, stop: int, settings: BiLMSettings) -> Chunks:
    """A text in pieces, each read from a zero state in both directions."""
    if settings.lines:
        return DocumentChunks(ids, stop, settings.batch_size, settings.bptt, settings.seed, start)
    batch = max(1, min(settings.batch_size, (stop - start - 1) // 2))
    return StreamChunks(ids, start, stop, batch, settings.bptt, stateless=True)


def whole_texts(chunk: Chunk) -> tuple[Tensor, Tensor]:
    """[B, T + 1] token numbers and [B] lengths: a piece's inputs with its last target behind."""
    lengths = (chunk.targets != PAD_ID).sum(axis=0)
    T, B = chunk.inputs.shape
    ids = np.full((B, T + 1), PAD_ID, dtype=np.int64)
    ids[:, :T] = chunk.inputs.T
    rows = np.flatnonzero(lengths > 0)
    ids[rows, lengths[rows]] = chunk.targets[lengths[rows] - 1, rows]
    return torch.from_numpy(ids), torch.from_numpy(lengths + 1)


def perplexities(model: BiLM, chunks: Chunks, device: torch.device) -> dict[str, float]:
    """Perplexity a token of each direction, and the mean of their losses in nats."""
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


def train_bilm(
    inputs: list[str],
    output: str,
    settings: BiLMSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on text files into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    def job(folder: Path) -> Job:
        characters = settings.input == "characters"
        # What is read by its characters needs no row: every token of the text is read.
        every = replace(settings, min_count=1, max_size=None) if characters else settings
        text = prepare_text(inputs, every, folder, report)
        known = text.vocabulary
        spelling = make_spelling(settings.character_unit, known.tokens) if characters else None
        model, resolved = start_from_vectors(
            settings, known, lambda own: build_model(own, known, spelling), report
        )

        def write(folder: Path) -> None:
            text.write(folder)
            write_spelling(folder, spelling)

        config = RunConfig(
            "bilm", as_dict(resolved), text.unit.spec.identity,
            input_files(inputs, settings, vectors=settings.vectors), library_versions(),
        )  # fmt: skip
        task = BiLMTask(text, resolved)
        return Job(model, task, resolved, config, write, close=text.close)

    return train_run(output, settings, job, report, force=force, resume=resume)


def build_model(settings: BiLMSettings, vocabulary: Vocabulary, spelling: Spelling | None) -> BiLM:
    """A fresh pair of language models."""
    counts = vocabulary.counts
    if spelling is None:
        return BiLM(settings, torch.tensor(counts), len(counts))
    predicted = torch.tensor(counts[: _frequent(settings, counts)])
    model = BiLM(settings, predicted, len(counts), len(spelling.characters))
    spell_tokens(model.input, spelling, vocabulary.tokens)
    return model


def _frequent(settings: BiLMSettings, counts: tuple[int, ...]) -> int:
    """How many tokens are predicted by name: the specials, and those of `--min-count`."""
    words = counts[len(SPECIALS) :]  # most frequent first
    wanted = len(SPECIALS) + sum(count >= settings.min_count for count in words)
    return min(wanted, settings.max_size or wanted)


@dataclass(frozen=True)
class TrainedBiLM(Opened[BiLMSettings, BiLM]):
    """A run directory's model, ready to be asked."""

    unit: Unit


def load_bilm(path: str, device: str = "auto", threads: int = 0) -> TrainedBiLM:
    """Open a run directory of `train bilm`.

    Raises:
        UserError: it is none, is damaged, or was trained for another task.
    """

    def fresh(settings: BiLMSettings, run: Run) -> BiLM:
        return build_model(settings, run.vocabulary, spelling_of(run))

    opened = open_trained(path, "bilm", BiLMSettings, fresh, device, threads)
    unit = Unit(parse_identity(opened.run.config.tokenizer), opened.settings.lines)
    return TrainedBiLM(**vars(opened), unit=unit)


def evaluate_bilm(
    run: str, data: str, settings: EvaluateSettings, report: Reporter
) -> dict[str, Any]:
    """Each direction's perplexity on a text, as it was read in training: from zero states.

    Raises:
        UserError: run or data cannot be used.
    """
    trained = load_bilm(run, settings.device, settings.threads)
    with numbered_text(trained, [data], settings, report) as text:
        chunks = make_chunks(text.ids, 0, len(text.ids), trained.settings)
        figures = perplexities(trained.model, chunks, trained.device)
        tokens = chunks.tokens()
        unknown: int = sum(text.unknown.values())
    return {
        "tokens": tokens,
        "unknown_rate": unknown / max(1, tokens),
        "nats_per_token": figures.pop("loss"),
        **figures,
    }
