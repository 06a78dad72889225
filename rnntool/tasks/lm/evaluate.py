"""`rnntool eval` for a language model: perplexity and bits per character of a text.

Models with different units can be compared only by their figures per character. The characters are
those of the text itself, including the line feed at the end of each line.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from rnntool.configuration import build
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.metrics import Table, figure_table
from rnntool.tasks.lm.scorer import open_scorer
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.lm.text import NumberedText, numbered_text
from rnntool.text.vocabulary import UNK_ID


@dataclass(frozen=True)
class LanguageReport:
    """The figures of a language model on a text."""

    tokens: int  # predicted
    characters: int
    unknown_rate: float  # share of unknown tokens in the scored part
    nats_per_token: float
    perplexity: float
    nats_per_character: float
    bits_per_character: float
    state: str  # how the recurrent state was handled
    dynamic: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """One table."""
        return [figure_table(self.as_dict())]


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> LanguageReport:
    """Score a language model on a text.

    Raises:
        UserError: run or text cannot be used, or the text has nothing to predict.
    """
    own = build(LMSettings, run.config.settings, where=run.path)
    reset = own.by_document if settings.state == "auto" else settings.state == "reset"
    with numbered_text(run, [data], settings, report, documents=reset) as text:
        _warn_of_unknown(text, report)
        start = int(len(text.ids) * settings.skip)
        total, count, how = _likelihood(run, own, text, settings, reset, report)
        if count == 0:
            raise UserError("has no token to predict", where=data)
        marks = len(text.ends) if reset or own.lines else 0  # start tokens have no characters
        share = min(1.0, count / max(1, len(text.ids) - marks))
        characters = max(1, round(text.characters * share))
        unknown = sum(int((block == UNK_ID).sum()) for block in text.ids.blocks(start))
        rate = unknown / (len(text.ids) - start)
        return _report(total, count, characters, rate, how, settings.dynamic)


def _likelihood(
    run: Run, own: LMSettings, text: NumberedText, settings: EvaluateSettings, reset: bool,
    report: Reporter,
) -> tuple[float, int, str]:  # fmt: skip
    """Log-likelihood in nats, number of tokens, and how the state was handled."""
    tokens = len(text.ids)
    if reset:
        if settings.dynamic or settings.skip or settings.window:
            raise UserError("--dynamic, --skip and --window do not work with a reset state",
                            hint="give --state carried")  # fmt: skip
        starts, stops = text.spans
        values = open_scorer(run, tokens, settings, report).documents(text.ids, starts, stops)
        total = sum(float(line.sum()) for _, line in values)
        return total, int((stops - starts).sum()), "reset for each line"
    start = int(tokens * settings.skip)
    if settings.dynamic:
        total, count = _dynamic(run, text, start, settings)
        return total, count, "carried through the text"
    as_trained = own.window if settings.state == "auto" else 0
    window = settings.window or as_trained
    plain = settings.streams == 1 and not window
    scorer = open_scorer(run, tokens - start, settings, report, plain=plain)
    total, count = scorer.stream(text.ids, start, tokens, settings.streams, window)
    if window:
        return total, count, f"zero after every {window} tokens"
    parts = f" in {settings.streams} parts" if settings.streams > 1 else ""
    return total, count, "carried through the text" + parts


def _dynamic(
    run: Run, text: NumberedText, start: int, settings: EvaluateSettings
) -> tuple[float, int]:
    """Dynamic evaluation, which needs torch's gradients."""
    from rnntool.tasks.lm.dynamic import dynamic_likelihood
    from rnntool.tasks.lm.load import load_language_model

    trained = load_language_model(run, settings.device, settings.threads)
    bptt, lr = trained.settings.bptt, settings.dynamic_lr
    return dynamic_likelihood(trained.model, text.ids, start, bptt, lr, trained.device)


def _warn_of_unknown(text: NumberedText, report: Reporter) -> None:
    if not text.unknown:
        return
    count = sum(text.unknown.values())
    shown = sorted(text.unknown, key=lambda token: -text.unknown[token])[:8]
    report.warn(
        f"{count:,} of {len(text.ids):,} tokens are not in the vocabulary"
        f" and are read as <unk>: {' '.join(shown)}{' …' if len(text.unknown) > 8 else ''}"
    )


def _report(
    total: float, count: int, characters: int, unknown_rate: float, how: str, dynamic: bool
) -> LanguageReport:
    nats = -total / count
    per_character = -total / characters
    return LanguageReport(
        tokens=count,
        characters=characters,
        unknown_rate=unknown_rate,
        nats_per_token=nats,
        perplexity=math.exp(min(nats, 700)),
        nats_per_character=per_character,
        bits_per_character=per_character / math.log(2),
        state=how,
        dynamic=dynamic,
    )
