"""`rnntool compare` for two language models on the same lines.

Each line is scored separately and with its end, as in `score`. Figures are per character of the
text, so that models with different units can be compared.
"""

from __future__ import annotations

import math

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.fields import as_field
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import CompareSettings
from rnntool.runs.paired import SIGN, Floats, Paired, exact_test
from rnntool.tasks.lm.scorer import open_scorer
from rnntool.tasks.lm.text import numbered_text


def compare(a: Run, b: Run, data: str, settings: CompareSettings, report: Reporter) -> Paired:
    """Compare the log-probabilities that the two runs give to each line.

    Raises:
        UserError: a run or the text cannot be used.
    """
    of_a, of_b = (_log_probabilities(run, data, settings, report) for run in (a, b))
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    with open_corpus(data, options) as corpus:
        rows = [(row.line, row.text) for row in corpus]
    characters = np.array([len(text) + 1.0 for _, text in rows])

    def bits(own: Floats) -> Floats:
        return np.stack([-own / math.log(2), characters], axis=1)

    headings = ["line", "a_log_probability", "b_log_probability", "difference", "text"]
    differing = [
        [line, f"{p:.4f}", f"{q:.4f}", f"{q - p:.4f}", as_field(text)]
        for (line, text), p, q in zip(rows, of_a.tolist(), of_b.tolist(), strict=True)
        if f"{p:.4f}" != f"{q:.4f}"
    ]
    exact = exact_test(SIGN, of_a > of_b, of_b > of_a, "lines")
    figures = [("bits_per_character", bits(of_a), bits(of_b))]
    return Paired("lines", len(rows), figures, exact, headings, differing)


def _log_probabilities(run: Run, data: str, settings: CompareSettings, report: Reporter) -> Floats:
    """[lines] in nats."""
    with numbered_text(run, [data], settings, report, documents=True) as text:
        starts, stops = text.spans
        scorer = open_scorer(run, len(text.ids), settings, report)
        found = np.zeros(len(starts))
        for row, line in scorer.documents(text.ids, starts, stops):
            found[row] = line.sum()
        unknown = sum(text.unknown.values())
    if not len(found):
        raise UserError("has no line to score", where=data)
    if unknown:
        report.warn(f"{run.path}: {unknown:,} tokens are not in its vocabulary; they are read as"
                    " <unk>, which makes the run look better than it is")  # fmt: skip
    return found
