"""Rows in fastText's format for classification: `__label__one __label__two text`, one per line.

The labels are the words with this prefix at the beginning of the line; a line may have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rnntool.formats.rows import Layout, Row

PREFIX = "__label__"
COLUMNS = ("label", "text")
_LABELS = re.compile(rf"\s*((?:{PREFIX}\S+\s+)*{PREFIX}\S+)(?:\s|$)")


def fasttext_layout(layout: Layout) -> Layout:
    """The layout with label and text columns."""
    return Layout("fasttext", COLUMNS, 1, 0, layout.tokenizer, layout.model)


def fasttext_rows(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """The rows of numbered lines."""
    for number, line in lines:
        found = _LABELS.match(line)
        marked, text = ("", line) if found is None else (found[1], line[found.end() :])
        labels = tuple(word.removeprefix(PREFIX) for word in marked.split())
        yield Row(number, text, ", ".join(labels), [marked, text], labels)


def fasttext_line(fields: list[str]) -> str:
    """A line from a row's labels and text."""
    return " ".join(field for field in fields if field)
