"""Captioning, one to many: data, loss and metrics, `train caption` and its `eval`.

Shapes: N rows, T time, B batch, F features.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnntool.configuration import as_dict
from rnntool.data.labelled import split_off
from rnntool.data.sequences import Ints, Sequences, pack_sequences, sorted_batches
from rnntool.data.splitter import text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.rundir import Run, RunConfig, write_parts
from rnntool.formats.subword import read_subword
from rnntool.formats.vector_rows import read_vector_rows
from rnntool.models.caption import CaptionModel
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.load import open_trained
from rnntool.runs.start import library_versions, noted_inputs, validation_share
from rnntool.runs.train import Job, RowTask, train_run
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit, unit_spec
from rnntool.text.vocabulary import PAD_ID, Vocabulary, build_vocabulary
from rnntool.training.loop import Outcome
from rnntool.training.task import StepResult

_EVAL_TOKENS = 8_192  # of a padded evaluation batch at most

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Led:
    """N texts as numbers, `<bos> … <eos>`, each with the vector that leads it."""

    sequences: Sequences
    vectors: Floats  # [N, F]

    def __len__(self) -> int:
        return len(self.sequences)

    def take(self, rows: Ints) -> Led:
        """The texts `rows`."""
        return Led(self.sequences.take(rows), self.vectors[rows])


@dataclass(frozen=True)
class Prepared:
    """Everything a training needs of its inputs."""

    train: Led
    validation: Led
    vocabulary: Vocabulary
    unit: Unit
    subword_model: bytes | None

    def write(self, folder: Path) -> None:
        """Copy into the run directory what generating will need."""
        write_parts(folder, self.vocabulary, [], self.subword_model)


class CaptionTask(RowTask):
    """What the training loop asks for."""

    unit = "tokens"
    monitor = "loss"
    higher_is_better = False

    def __init__(self, prepared: Prepared, settings: CaptionSettings) -> None:
        lengths = prepared.train.sequences.lengths
        predicted = int((lengths - 1).sum())  # all but <bos>
        super().__init__(lengths, settings.batch_size, settings.seed, predicted)
        self.train, self.validation, self.settings = prepared.train, prepared.validation, settings

    def training_step(self, model: nn.Module, batch: Ints, device: torch.device) -> StepResult:
        """Mean negative log-likelihood of the batch's tokens."""
        likelihood = batch_likelihood(cast(CaptionModel, model), self.train, batch, device)
        return StepResult(-likelihood.mean(), len(likelihood))

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Nats a token and perplexity on the validation data."""
        total, count = text_likelihood(cast(CaptionModel, model), self.validation, device)
        return {"loss": -total / count, "perplexity": math.exp(min(-total / count, 700))}


def batch_likelihood(model: CaptionModel, data: Led, rows: Ints, device: torch.device) -> Tensor:
    """ln p of each real token of the rows."""
    ids, _ = data.sequences.padded(rows)
    steps = torch.from_numpy(np.ascontiguousarray(ids.T)).to(device)  # [T + 1, B]
    vectors = torch.from_numpy(data.vectors[rows]).to(device)
    states = model.states(steps[:-1], vectors)
    real = steps[1:] != PAD_ID
    return model.output.log_likelihood(states[real], steps[1:][real])


def text_likelihood(model: CaptionModel, data: Led, device: torch.device) -> tuple[float, int]:
    """ln p of all tokens, and how many there are."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for rows in sorted_batches(data.sequences.lengths, _EVAL_TOKENS):
            likelihood = batch_likelihood(model, data, rows, device)
            total += float(likelihood.double().sum())
            count += len(likelihood)
    return total, count


def train_caption(
    text: str,
    features: str,
    output: str,
    settings: CaptionSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on texts and a vector for each into a run directory.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """
    _check(settings)

    def job(_: Path) -> Job:
        prepared = prepare(text, features, settings, report)
        model = build_model(settings, prepared.vocabulary, prepared.train.vectors)
        inputs = noted_inputs({"text": text, "features": features})
        identity = prepared.unit.spec.identity
        config = RunConfig("caption", as_dict(settings), identity, inputs, library_versions())
        return Job(model, CaptionTask(prepared, settings), settings, config, prepared.write)

    return train_run(output, settings, job, report, force=force, resume=resume)


def _check(settings: CaptionSettings) -> None:
    if settings.input == "one-hot":
        raise UserError("captioning needs --input embedding")
    if validation_share(settings.validation) is None:
        raise UserError("--validation is a share of the rows here, not a file")


def prepare(text: str, features: str, settings: CaptionSettings, report: Reporter) -> Prepared:
    """Read texts and vectors, number them, and split the validation part off.

    Raises:
        UserError: a file cannot be used, or there are not as many vectors as texts.
    """
    model = None if settings.subword_model is None else read_subword(settings.subword_model)
    unit = Unit(unit_spec(settings.unit, model), documents=True)
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    texts = read_texts(text, options)
    vectors = read_vector_rows(features)
    require_as_many(vectors, features, texts, text)
    worker = WorkerOptions(unit.spec.identity, model)
    limit = settings.max_length or None
    with text_splitter(unit, worker, settings.workers, report) as split_texts:
        split = [tokens[:limit] for tokens in split_texts(texts)]
    share = validation_share(settings.validation) or 0.05
    if len(split) < 2:
        raise UserError("needs at least two rows: one is held for validation", where=text)
    rows, held = split_off(len(split), share, settings.seed)
    counts = Counter(token for row in rows.tolist() for token in unit.line(split[row]))
    vocabulary = build_vocabulary(counts, unit.spec.identity, settings.min_count)
    everything = Led(number_texts(split, unit, vocabulary), vectors)
    report.note(
        f"{text}: {len(rows):,} texts to train on, {len(held):,} to validate on; vectors of"
        f" {vectors.shape[1]}; {unit.spec.identity}, vocabulary {len(vocabulary):,}"
    )
    return Prepared(everything.take(rows), everything.take(held), vocabulary, unit, model)


def read_texts(path: str, options: CorpusOptions) -> list[str]:
    """The texts of a file, a row each."""
    with open_corpus(path, options) as corpus:
        return [row.text for row in corpus]


def require_as_many(vectors: Floats, path: str, texts: list[str], text: str) -> None:
    """Raise a UserError if there is not one vector for each text."""
    if len(vectors) != len(texts):
        raise UserError(
            f"{len(vectors):,} vectors, but {text} has {len(texts):,} texts", where=path
        )


def build_model(settings: CaptionSettings, vocabulary: Vocabulary, vectors: Floats) -> CaptionModel:
    """A fresh model that expects vectors like these."""
    deviation = np.maximum(vectors.std(axis=0), 1e-6)
    scale = (torch.from_numpy(a) for a in (vectors.mean(axis=0), deviation))
    return CaptionModel(settings, len(vocabulary), *scale)


def number_texts(texts: Iterable[list[str]], unit: Unit, vocabulary: Vocabulary) -> Sequences:
    """Tokens as numbers, `<bos>` before and `<eos>` after them."""
    return pack_sequences(vocabulary.encode(unit.line(tokens)) for tokens in texts)


def evaluate_caption(
    run: str, data: str, settings: EvaluateSettings, report: Reporter
) -> dict[str, Any]:
    """Score a run directory on texts and vectors: with each its own, and all with the mean vector.

    Raises:
        UserError: run or data cannot be used, or `--vectors` is not given.
    """
    if settings.vectors is None:
        raise UserError("a captioning model needs the rows' vectors", hint="give --vectors FILE")
    vectors = read_vector_rows(settings.vectors)

    def fresh(own: CaptionSettings, run: Run) -> CaptionModel:
        return build_model(own, run.vocabulary, vectors)

    trained = open_trained(
        run, "caption", CaptionSettings, fresh, settings.device, settings.threads
    )
    column = settings.text_column or trained.settings.text_column
    texts = read_texts(data, CorpusOptions(settings.format, column, None, settings.encoding))
    require_as_many(vectors, settings.vectors, texts, data)
    model, known = trained.model, trained.run.vocabulary
    unit = Unit(parse_identity(trained.run.config.tokenizer), documents=True)
    worker = WorkerOptions(unit.spec.identity, trained.run.subword_model())
    with text_splitter(unit, worker, settings.workers, report) as split_texts:
        sequences = number_texts(split_texts(texts), unit, known)
    mean = np.repeat(model.mean.cpu().numpy()[None], len(texts), axis=0)
    report.note(f"scoring {len(texts):,} texts")
    total, count = text_likelihood(model, Led(sequences, vectors), trained.device)
    blind, _ = text_likelihood(model, Led(sequences, mean), trained.device)
    return {
        "texts": len(texts),
        "tokens": count,
        "nats_per_token": -total / count,
        "perplexity": math.exp(-total / count),
        "nats_per_character": -total / sum(len(text) + 1 for text in texts),
        "perplexity_with_the_mean_vector": math.exp(-blind / count),
    }
