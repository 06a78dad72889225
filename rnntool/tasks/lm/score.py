"""`rnntool score` with a language model: each line's log-probability."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import InferenceSettings, ScoreSettings
from rnntool.tasks.lm.scorer import open_scorer
from rnntool.tasks.lm.text import NumberedText, numbered_text


def score(
    run: Run, inputs: list[str], sink: TextIO, settings: ScoreSettings, report: Reporter
) -> None:
    """Write for each line of text its log-probability in nats, tokens and perplexity.

    Each line is scored separately, including its end, so that two sentences can be compared.

    Args:
        run: of `train lm`.

    Raises:
        UserError: the run or a file cannot be used.
    """
    with numbered_text(run, inputs, settings, report, documents=True) as text:
        for tokens, values in score_lines(run, text, settings, report):
            sink.write(_answer(tokens, values, settings))


def score_lines(
    run: Run, text: NumberedText, settings: InferenceSettings, report: Reporter
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Each line's tokens after the first, and their log-probabilities in nats.

    Args:
        text: numbered with `documents`.

    Raises:
        UserError: the run's weights cannot be used.
    """
    starts, stops = text.spans
    found: list[np.ndarray] = [np.zeros(0)] * len(starts)
    scorer = open_scorer(run, len(text.ids), settings, report)
    for row, line in scorer.documents(text.ids, starts, stops):
        found[row] = line
    for start, stop, line in zip(starts.tolist(), stops.tolist(), found, strict=True):
        yield run.vocabulary.decode(text.ids.read(start + 1, stop + 1).tolist()), line


def _answer(tokens: list[str], line: np.ndarray, settings: ScoreSettings) -> str:
    total = float(line.sum())
    perplexity = math.exp(min(700.0, -total / max(1, len(line))))
    if settings.json:
        record: dict[str, object] = {
            "log_probability": total, "tokens": len(line), "perplexity": perplexity
        }  # fmt: skip
        if settings.tokens:
            record["by_token"] = list(zip(tokens, line.tolist(), strict=True))
        return json.dumps(record, ensure_ascii=False) + "\n"
    fields = [f"{total:.4f}", str(len(line)), f"{perplexity:.4f}"]
    if settings.tokens:
        fields.append(" ".join(f"{t}:{v:.4f}" for t, v in zip(tokens, line, strict=True)))
    return "\t".join(fields) + "\n"
