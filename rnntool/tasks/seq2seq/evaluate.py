"""`rnntool eval` for a seq2seq model: likelihood of the true targets, and BLEU of its output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rnntool.data.pairs import pair_options, read_pairs
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.metrics import Table, figure_table
from rnntool.tasks.seq2seq.data import number_pairs
from rnntool.tasks.seq2seq.load import load_seq2seq
from rnntool.tasks.seq2seq.task import target_likelihood


@dataclass(frozen=True)
class Seq2SeqReport:
    """Figures of one evaluation."""

    pairs: int
    target_tokens: int
    nats_per_token: float
    perplexity: float
    nats_per_character: float  # of the target texts, including their ends
    exact_match: float
    bleu: float  # sacrebleu, white-space words (13a)
    bleu_characters: float  # sacrebleu, characters
    chrf: float  # sacrebleu
    decoding: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return dict(vars(self))

    def tables(self) -> list[Table]:
        """One table."""
        return [figure_table(self.as_dict())]


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> Seq2SeqReport:
    """Score a run on pairs: the likelihood of the true targets, and the model's output.

    Raises:
        UserError: run or data cannot be used, or sacrebleu is missing.
    """
    trained = load_seq2seq(run, settings.device, settings.threads)
    own = trained.settings
    options = pair_options(
        settings.text_column or own.source_column,
        settings.label_column or own.target_column,
        settings.encoding, settings.format,
    )  # fmt: skip
    pairs = read_pairs(data, options)
    truth = [pair.target for pair in pairs]
    with trained.splitter(settings, report) as split:
        sources, targets = list(split(p.source for p in pairs)), list(split(truth))
    numbered = number_pairs(sources, targets, trained.run.vocabulary, trained.targets)
    total, count = target_likelihood(trained.model, numbered, trained.device)
    report.note(f"generating the output for {len(pairs):,} sources")
    answers = trained.answers(numbered.sources, settings.length, settings.beam)
    loss = -total / count
    return Seq2SeqReport(
        pairs=len(pairs),
        target_tokens=count,
        nats_per_token=loss,
        perplexity=math.exp(min(loss, 700)),
        nats_per_character=-total / sum(len(text) + 1 for text in truth),
        exact_match=sum(a == b for a, b in zip(answers, truth, strict=True)) / len(pairs),
        decoding=f"beam {settings.beam}" if settings.beam else "greedy",
        **text_scores(answers, truth),
    )


def text_scores(answers: list[str], truth: list[str]) -> dict[str, float]:
    """BLEU of words and of characters, and chrF, from sacrebleu (0 to 100).

    Raises:
        UserError: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise UserError("BLEU and chrF need sacrebleu", hint="pip install sacrebleu") from None
    return {
        "bleu": float(BLEU().corpus_score(answers, [truth]).score),
        "bleu_characters": float(BLEU(tokenize="char").corpus_score(answers, [truth]).score),
        "chrf": float(CHRF().corpus_score(answers, [truth]).score),
    }
