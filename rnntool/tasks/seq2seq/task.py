"""Sequence to sequence, many to many and delayed: data, loss and metrics, and `train seq2seq`.

Shapes: B batch, S source steps, T target steps.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.configuration import as_dict
from rnntool.data.pairs import NumberedPairs, pair_options, read_pairs
from rnntool.data.sequences import Ints, pack_sequences, sorted_batches
from rnntool.data.splitter import text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.formats.rundir import TARGET_VOCAB, RunConfig, write_parts
from rnntool.formats.subword import read_subword
from rnntool.formats.vocab import write_vocabulary
from rnntool.models.seq2seq import Seq2Seq
from rnntool.reporting import Reporter
from rnntool.runs.start import (
    hold_back,
    library_versions,
    noted_inputs,
    validation_share,
)
from rnntool.runs.train import Job, RowTask, train_run
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.text.units import Unit, unit_spec
from rnntool.text.vocabulary import BOS_ID, EOS_ID, PAD_ID, Vocabulary, build_vocabulary
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult

_EVAL_TOKENS = 8_192  # of a padded evaluation batch at most


@dataclass(frozen=True)
class Prepared:
    """Everything a training needs of its inputs."""

    train: NumberedPairs
    validation: NumberedPairs
    sources: Vocabulary
    targets: Vocabulary
    unit: Unit
    subword_model: bytes | None

    def write(self, folder: Path) -> None:
        """Copy into the run directory what answers will need."""
        write_parts(folder, self.sources, [], self.subword_model)
        write_vocabulary(str(folder / TARGET_VOCAB), self.targets)


class Seq2SeqTask(RowTask):
    """What the training loop asks for."""

    unit = "target tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: Seq2SeqSettings) -> None:
        tokens = int(prepared.train.targets.lengths.sum())
        super().__init__(prepared.train.lengths, settings.batch_size, settings.seed, tokens)
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings

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
        """Nats a target token and perplexity, true tokens read."""
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
    """[N, V] scores of all real target tokens and their [N] numbers."""
    memory = model.read(batch.ids, batch.lengths)
    features, _ = model.write(inputs, memory, memory.start)
    real = batch.targets != PAD_ID
    return model.output.linear(features[real]).float(), batch.targets[real]


def own_inputs(model: Seq2Seq, batch: Batch, share: float) -> Tensor:
    """The decoder's inputs, a share of them true and the others what it would have written there.

    Two passes instead of one a token: what the model writes after true tokens stands in for what it
    would write after its own (Mihaylova and Martins 2019, "Scheduled Sampling for Transformers",
    §2.2; after Bengio et al. 2015).
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
    """ln p of all target tokens, each after the true ones before it, and how many there are."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for rows in sorted_batches(data.lengths, _EVAL_TOKENS):
            batch = make_batch(data, rows, device)
            scores, wanted = target_scores(model, batch, batch.inputs)
            total -= float(functional.cross_entropy(scores, wanted, reduction="sum"))
            count += len(wanted)
    return total, count


def train_seq2seq(
    data: str,
    output: str,
    settings: Seq2SeqSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on pairs into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """

    def job(_: Path) -> Job:
        prepared = prepare(data, settings, report)
        model = build_model(settings, prepared.sources, prepared.targets)
        identity = prepared.unit.spec.identity
        config = RunConfig("seq2seq", as_dict(settings), identity, input_files(data, settings),
                           library_versions())  # fmt: skip
        return Job(model, Seq2SeqTask(prepared, settings), settings, config, prepared.write)

    return train_run(output, settings, job, report, force=force, resume=resume)


def build_model(settings: Seq2SeqSettings, sources: Vocabulary, targets: Vocabulary) -> Seq2Seq:
    """A fresh model."""
    return Seq2Seq(settings, len(sources), len(targets))


def prepare(path: str, settings: Seq2SeqSettings, report: Reporter) -> Prepared:
    """Read the pairs, number them, and split the validation part off.

    Raises:
        UserError: a file cannot be used.
    """
    options = pair_options(settings.source_column, settings.target_column, settings.encoding)
    model = None if settings.subword_model is None else read_subword(settings.subword_model)
    unit = Unit(unit_spec(settings.unit, model), documents=True)
    worker = WorkerOptions(unit.spec.identity, model)
    train, held = hold_back(
        path, settings.validation, settings.seed, lambda file: read_pairs(file, options)
    )

    with text_splitter(unit, worker, settings.workers, report) as split:
        (sources, targets), (held_sources, held_targets) = (
            (list(split(p.source for p in pairs)), list(split(p.target for p in pairs)))
            for pairs in (train, held)
        )
    identity = unit.spec.identity
    known = [
        build_vocabulary(Counter(t for text in side for t in text), identity, settings.min_count)
        for side in (sources, targets)
    ]
    report.note(
        f"{path}: {len(train):,} pairs to train on, {len(held):,} to validate on; {identity},"
        f" vocabularies of {len(known[0]):,} and {len(known[1]):,}"
    )
    return Prepared(
        number_pairs(sources, targets, known[0], known[1]),
        number_pairs(held_sources, held_targets, known[0], known[1]),
        known[0], known[1], unit, model,
    )  # fmt: skip


def number_pairs(
    sources: list[list[str]], targets: list[list[str]], known: Vocabulary, written: Vocabulary
) -> NumberedPairs:
    """Tokens as numbers; a target ends with `<eos>`."""
    return NumberedPairs(
        pack_sequences(known.encode(tokens) for tokens in sources),
        pack_sequences([*written.encode(tokens), EOS_ID] for tokens in targets),
    )


def input_files(path: str, settings: Seq2SeqSettings) -> dict[str, Any]:
    """Each input's path and sha256, for the run's configuration."""
    paths: dict[str, str | None] = {"train": path, "subword_model": settings.subword_model}
    if validation_share(settings.validation) is None:
        paths["validation"] = settings.validation
    return noted_inputs(paths)
