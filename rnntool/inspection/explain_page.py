"""Explanations as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnntool.inspection.attribution import Attribution
from rnntool.inspection.explain import Explained
from rnntool.inspection.token_colours import as_html, css, full_colour
from rnntool.pages import render, safe

_METHODS = {
    "ig": "Integrated gradients on the token vectors, from zero vectors to the text's own"
    " (Sundararajan, Taly and Yan 2017): the shares add up to the difference of both scores",
    "gradient": "Gradient at the text times the token's vector",
    "leave-one-out": "The score of the text less that of the text without the token",
}


def page(run: str, method: str, texts: Sequence[Explained]) -> str:
    """A self-contained page: each text with its tokens coloured and its running answer."""
    return render(
        "explain.html", title=f"{run}: why these answers", method=_METHODS[method],
        texts=[{"tags": text.tags, "parts": [_part(p, method) for p in text.parts]}
               for text in texts],
        against=safe(css(-1, 1)), **{"for": safe(css(1, 1))},
    )  # fmt: skip


def _part(part: Attribution, method: str) -> dict[str, Any]:
    full = full_colour(part.attributions)
    rows = zip(part.tokens, part.attributions, part.answers, part.curve, strict=True)
    tokens = [
        {
            "span": safe(as_html([token], [share], full)),
            "title": _title(step, share, answer, p, part.label),
            "of": step - 1 == part.place,
            "p": p,
            "other": answer != part.label,
        }
        for step, (token, share, answer, p) in enumerate(rows, 1)
    ]
    residual = f", residual {part.residual:+.4f}" if method == "ig" else ""
    return {
        "text": part.text, "label": part.label, "probability": part.probability,
        "score": part.score, "baseline": part.baseline_score, "residual": residual,
        "tokens": tokens,
    }  # fmt: skip


def _title(step: int, share: float, answer: str | None, p: float | None, label: str) -> str:
    so_far = "" if p is None else f"; so far {answer}, p({label}) = {p:.3f}"
    return f"token {step}: share {share:+.3f} nats{so_far}"
