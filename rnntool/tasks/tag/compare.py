"""`rnntool compare` for two taggers on the same sentences."""

from __future__ import annotations

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import CompareSettings
from rnntool.runs.paired import MCNEMAR, Floats, Paired, exact_test
from rnntool.tasks.tag.entities import entity_counts, has_entities
from rnntool.tasks.tag.evaluate import answer_sentences


def compare(a: Run, b: Run, data: str, settings: CompareSettings, report: Reporter) -> Paired:
    """Compare which tokens each of the two runs gets right; the bootstrap samples sentences.

    Args:
        b: a run with the same tags as `a`, in any order.

    Raises:
        UserError: a run or the data cannot be used.
    """
    sentences, encoded, of_a = answer_sentences(a, data, settings.reading, report)
    read_by_b, _, of_b = answer_sentences(b, data, settings.reading, report)
    if [(s.tokens, s.tags) for s in read_by_b] != [(s.tokens, s.tags) for s in sentences]:
        raise UserError("the runs were trained on different columns, so they read it differently",
                        where=data, hint="give --text-column and --label-column")  # fmt: skip
    of_b = of_b[:, [b.labels.index(tag) for tag in a.labels]]
    truth, offsets = encoded.tags.ids.astype(np.int64), encoded.sequences.offsets
    answers = of_a.argmax(axis=1), of_b.argmax(axis=1)
    right = answers[0] == truth, answers[1] == truth
    lengths = np.diff(offsets)

    def accuracy(own: Floats) -> Floats:
        sums = np.add.reduceat(own.astype(float), offsets[:-1])
        return np.stack([sums, lengths.astype(float)], axis=1)

    figures = [("accuracy", accuracy(right[0]), accuracy(right[1]))]
    if has_entities(a.labels):
        f1 = [entity_counts(truth, own, offsets, a.labels).astype(float) for own in answers]
        figures.append(("entity_f1", f1[0], f1[1]))
    differing = []
    owner = np.repeat(np.arange(len(sentences)), lengths)
    for i in np.flatnonzero(answers[0] != answers[1]).tolist():
        sentence = sentences[owner[i]]
        place = i - int(offsets[owner[i]])
        differing.append([
            sentence.line, place + 1, sentence.tokens[place], a.labels[truth[i]],
            a.labels[answers[0][i]], f"{of_a[i].max():.6f}",
            a.labels[answers[1][i]], f"{of_b[i].max():.6f}",
        ])  # fmt: skip
    headings = ["sentence_line", "position", "token", "tag", "a", "a_probability", "b",
                "b_probability"]  # fmt: skip
    exact = exact_test(MCNEMAR, *right, "tokens")
    return Paired("sentences", len(sentences), figures, exact, headings, differing)
