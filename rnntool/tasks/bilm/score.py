"""`rnntool score` with a biLM: each line's log-probability by both directions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from rnntool.data.stream import batches_of
from rnntool.formats.rundir import Run
from rnntool.inference.bilm import likelihoods
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import ScoreSettings
from rnntool.runs.rows import stream_options
from rnntool.tasks.bilm.reader import BiLMReader, open_reader
from rnntool.tasks.lm.data import TextSource
from rnntool.tasks.lm.text import unit_of
from rnntool.text.units import Unit

Floats = NDArray[np.float64]
_TOGETHER = 256  # lines read at once


def score(
    run: Run, inputs: list[str], sink: TextIO, settings: ScoreSettings, report: Reporter
) -> None:
    """Write a line for each line of text: each direction's log-probability, tokens, perplexities.

    The forward direction starts from the text's beginning and predicts its end too, the backward
    one the other way round, so that each gives a probability of the whole line.

    Args:
        run: of `train bilm`.

    Raises:
        UserError: the run or a file cannot be used.
    """
    unit, reader = unit_of(run), open_reader(run, settings, report)
    options = stream_options(settings)
    source = TextSource(unit, run.subword_model(), options, settings.workers, settings.jvm_heap)
    for path in inputs:
        lines = (around(unit, tokens) for _, tokens in source.lines([path], report))
        for batch in batches_of(path, lines, _TOGETHER):
            for tokens, ways in zip(batch, _scores(reader, batch), strict=True):
                sink.write(_answer(tokens, *ways, settings))
            sink.flush()
    options.errors.warn(report)


def around(unit: Unit, tokens: list[str]) -> list[str]:
    """A line's tokens with the one that the first is predicted from, and the one that ends it."""
    return [unit.start, *tokens, unit.line([])[-1]]


def _scores(reader: BiLMReader, texts: list[list[str]]) -> Iterator[tuple[Floats, Floats]]:
    return likelihoods(reader, reader.read(texts))


def _answer(tokens: list[str], forward: Floats, backward: Floats, settings: ScoreSettings) -> str:
    """The output for a line of T tokens, with T - 1 values in each direction."""
    count = len(tokens) - 1
    totals = [float(way.sum()) for way in (forward, backward)]
    perplexities = [math.exp(min(700.0, -total / count)) for total in totals]
    if settings.json:
        record: dict[str, object] = {
            "forward_log_probability": totals[0], "backward_log_probability": totals[1],
            "tokens": count,
            "forward_perplexity": perplexities[0], "backward_perplexity": perplexities[1],
        }  # fmt: skip
        if settings.tokens:
            ways = zip(tokens, [None, *forward.tolist()], [*backward.tolist(), None], strict=True)
            record["by_token"] = list(ways)
        return json.dumps(record, ensure_ascii=False) + "\n"
    fields = [*(f"{total:.4f}" for total in totals), str(count),
              *(f"{perplexity:.4f}" for perplexity in perplexities)]  # fmt: skip
    if settings.tokens:
        for own, values in ((tokens[1:], forward), (tokens[:-1], backward)):
            fields.append(" ".join(f"{t}:{v:.4f}" for t, v in zip(own, values, strict=True)))
    return "\t".join(fields) + "\n"
