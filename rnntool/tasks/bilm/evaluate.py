"""Perplexity of each direction: what `rnntool eval` does with a biLM."""

from __future__ import annotations

from typing import Any

from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.tasks.bilm.load import load_bilm
from rnntool.tasks.bilm.task import make_chunks, perplexities
from rnntool.tasks.lm.load import numbered_text


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
