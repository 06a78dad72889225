"""Normalisations of a text before it is split."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from rnntool.text.spec import TokenizerSpec

Normalizer = Callable[[str], str]


def make_normalizer(spec: TokenizerSpec) -> Normalizer:
    """One function that applies all of a specification's normalisations in a fixed order."""
    steps: list[Normalizer] = []
    for form in ("nfc", "nfkc"):
        if form in spec.flags:
            steps.append(_unicode_form(form.upper()))
    if "lower" in spec.flags:
        steps.append(str.lower)
    if spec.fold:
        steps.append(fold_repeats(spec.fold))

    def normalize(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return normalize


def fold_repeats(longest: int) -> Normalizer:
    """Shorten each run of one character to `longest`: ㅋㅋㅋㅋㅋ -> ㅋㅋㅋ with 3."""
    run = re.compile(rf"(.)\1{{{longest},}}", re.DOTALL)
    return lambda text: run.sub(lambda match: match[1] * longest, text)


def _unicode_form(form: str) -> Normalizer:
    return lambda text: unicodedata.normalize(form, text)  # type: ignore[arg-type]
