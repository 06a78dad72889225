"""`rnntool eval` for a biLM: the perplexity of each direction."""

from __future__ import annotations

from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.metrics import NamedFigures
from rnntool.tasks.bilm.load import load_bilm
from rnntool.tasks.bilm.task import make_chunks, perplexities
from rnntool.tasks.lm.text import numbered_text


def evaluate(run: Run, data: str, settings: EvaluateSettings, report: Reporter) -> NamedFigures:
    """Each direction's perplexity on a text, which is read as in training, from zero states.

    Raises:
        UserError: run or data cannot be used.
    """
    trained = load_bilm(run, settings.device, settings.threads)
    with numbered_text(run, [data], settings, report) as text:
        chunks = make_chunks(text.ids, 0, len(text.ids), trained.settings)
        figures = perplexities(trained.model, chunks, trained.device)
        tokens = chunks.tokens()
        unknown: int = sum(text.unknown.values())
    return NamedFigures(
        {
            "tokens": tokens,
            "unknown_rate": unknown / max(1, tokens),
            "nats_per_token": figures.pop("loss"),
            **figures,
        }
    )
