"""`rnntool eval` for a captioning model: the perplexity of texts given their vectors."""

from __future__ import annotations

import math

import numpy as np

from rnntool.data.splitter import text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.rundir import Run
from rnntool.formats.vector_rows import read_vector_rows
from rnntool.models.caption import CaptionModel
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.load import open_trained
from rnntool.runs.metrics import NamedFigures
from rnntool.tasks.caption.data import Captioned, number_texts, read_texts, require_as_many
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.caption.task import build_model, text_likelihood
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> NamedFigures:
    """Score a run on texts with their vectors, and, to compare, on texts with the mean vector.

    Raises:
        UserError: run or data cannot be used, or `--vectors` is not given.
    """
    if settings.vectors is None:
        raise UserError("a captioning model needs the texts' vectors", hint="give --vectors FILE")
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
    total, count = text_likelihood(model, Captioned(sequences, vectors), trained.device)
    blind, _ = text_likelihood(model, Captioned(sequences, mean), trained.device)
    return NamedFigures(
        {
            "texts": len(texts),
            "tokens": count,
            "nats_per_token": -total / count,
            "perplexity": math.exp(-total / count),
            "nats_per_character": -total / sum(len(text) + 1 for text in texts),
            "perplexity_with_the_mean_vector": math.exp(-blind / count),
        }
    )
