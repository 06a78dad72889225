"""Gaps filled by a language model: ranked choices, or the likeliest words.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.cells.softmax import softmax
from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.cloze import Filler, Filling, Gap, weighed
from rnntool.runs.inference_settings import FillSettings
from rnntool.text.gap import fill_gap
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.vocabulary import SPECIALS


@dataclass(frozen=True)
class Likeliest:
    """A gap and its likeliest words, by view."""

    gap: Gap
    words: dict[str, list[tuple[str, float]]]  # for each view, the likeliest words and their shares

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {"text": self.gap.text, "words": {v: dict(own) for v, own in self.words.items()}}


def fill_gaps(
    run: Run, filler: Filler, gaps: Iterable[Gap], settings: FillSettings, report: Reporter
) -> Iterator[Filling | Likeliest]:
    """Each gap's answer, in order.

    Raises:
        UserError: a text has nothing but its gap, or a choice consists of no token.
    """
    spec, known = parse_identity(run.config.tokenizer), run.vocabulary.ids
    tokenize = make_tokenizer(spec, run.subword_model(), settings.jvm_heap).tokenize
    for gap in gaps:
        before, after = tokenize(gap.before), tokenize(gap.after)
        if not before and not after:
            raise UserError(
                "holds nothing but a gap", where=gap.where, hint="write words around it"
            )
        _warn(gap, [t for t in (*before, *after) if t not in known], "its context", report)
        if not gap.choices:
            yield _likeliest(run, filler, gap, before, after, settings.top)
            continue
        filled = fill_gap(gap.before, gap.after, gap.choices, tokenize, gap.where)
        candidates = weighed(gap.choices, filled, filler.choices(filled), known)
        for candidate in candidates:
            _warn(gap, candidate.unknown, f"choice {candidate.text!r}", report)
        yield Filling(gap, filler.views, candidates)


def _warn(gap: Gap, unknown: list[str], of: str, report: Reporter) -> None:
    if unknown:
        report.warn(f"{gap.where}: {of}: {', '.join(dict.fromkeys(unknown))}: not in the model's"
                    " vocabulary, read as <unk>, which is likelier than any rare word")  # fmt: skip


def _likeliest(
    run: Run, filler: Filler, gap: Gap, before: list[str], after: list[str], top: int
) -> Likeliest:
    """The likeliest words by view; shares exclude `<eos>` and `<unk>`, which fill no gap."""
    found = {}
    for view, nats in filler.words(before, after).items():
        words = softmax(nats[len(SPECIALS) :])
        order = np.argsort(-words, kind="stable")[:top]
        found[view] = [(run.vocabulary.tokens[n + len(SPECIALS)], float(words[n])) for n in order]
    return Likeliest(gap, found)
