"""Explanations as JSON objects, as rows of TSV, and as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rnntool.formats.fields import as_field
from rnntool.inspection.attribution import Attribution
from rnntool.inspection.explain import Explained
from rnntool.inspection.token_colours import as_text

if TYPE_CHECKING:
    from rich.text import Text

_KEYS = ("label", "probability", "attributions", "running", "score", "baseline_score")
_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = ("text", "label", "step", "token", "attribution", "running_label", "running_probability")


def as_record(explained: Explained, one: bool) -> dict[str, Any]:
    """A text's JSON object. For a tagger, each value about an answer is a list over tokens.

    Args:
        one: only one token's tag is explained: plain values, as for a classifier.
    """
    parts = explained.parts
    record: dict[str, Any] = {"text": parts[0].text, "tokens": parts[0].tokens}
    for key in _KEYS:
        values = [getattr(part, key) for part in parts]
        record[key] = values if explained.tags and not one else values[0]
    order = ("text", "label", "probability", "tokens", *_KEYS[2:])
    return {key: record[key] for key in order}


def headings(tags: bool) -> list[str]:
    """The columns of `as_rows`; a tagger's second column is the token whose tag is explained."""
    return [_COLUMNS[0], *(["of"] if tags else []), *_COLUMNS[1:]]


def as_rows(explained: Explained) -> Iterator[list[str]]:
    """One row per token of a text; for a tagger, per token and explained tag."""
    for part in explained.parts:
        of = [] if part.place is None else [str(part.place + 1)]
        rows = zip(part.tokens, part.attributions, part.answers, part.curve, strict=True)
        for step, (token, share, answer, p) in enumerate(rows, 1):
            so_far = ["", ""] if p is None else [str(answer), f"{p:.6f}"]
            yield [str(explained.number), *of, part.label, str(step), as_field(token),
                   f"{share:.6f}", *so_far]  # fmt: skip


def as_lines(explained: Explained, method: str) -> Iterator[Text]:
    """A line for each answer: label, p, the running answer as bars, and the coloured tokens."""
    from rich.text import Text

    widest = max(len(part.label) for part in explained.parts)
    for part in explained.parts:
        line = Text(f"{part.label:{widest}} {part.probability:.3f}  {_bars(part.curve)}  ")
        tokens = as_text(part.tokens, part.attributions)
        if part.place is not None:
            start = sum(len(word) + 1 for word in part.tokens[: part.place])
            tokens.stylize("bold underline", start, start + len(part.tokens[part.place]))
        line.append_text(tokens)
        line.append(f"  {_sum_of(part, method)}", style="dim")
        yield line


def _bars(curve: Sequence[float | None]) -> str:
    """p after each token as one bar character, in steps of one eighth."""
    return "".join(" " if p is None else _BARS[min(7, int(p * 8))] for p in curve)


def _sum_of(part: Attribution, method: str) -> str:
    scores = f"score {part.score:+.2f}, baseline {part.baseline_score:+.2f}"
    return f"{scores}, residual {part.residual:+.4f}" if method == "ig" else scores
