"""Writes a classifier's answers as TSV, CSV or JSON lines, with or without the input's columns.

Shapes: C labels.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.corpus import Corpus, Layout, Row
from rnntool.formats.fields import as_field
from rnntool.registry import SEPARATOR
from rnntool.runs.inference_settings import PredictSettings
from rnntool.tasks.classify.decision import decide, decide_each, ranked

_JSON_KEPT = ("jsonl", "parquet", "folder")  # forms whose rows are kept as objects


class AnswerWriter:
    """Writes one line for each row.

    Args:
        labels: the names of the C labels.
        settings: what to write.
        several: whether a text may have several labels.
    """

    def __init__(self, labels: list[str], settings: PredictSettings, several: bool = False) -> None:
        _check(settings, several)
        self.labels, self.settings, self.several = labels, settings, several
        self._decide = decide_each if several else decide
        self._layout: Layout | None = None

    def begin(self, corpus: Corpus) -> str | None:
        """The header above the first file's answers, if there is one; None before further files.

        Raises:
            UserError: with `--keep`, a further file has other columns than the first one.
        """
        first, self._layout = self._layout, corpus.layout
        keep = self.settings.keep
        if first is not None and keep and first.columns != corpus.layout.columns:
            raise UserError("has other columns than the first input", where=corpus.name,
                            hint="answer files of different form one by one")  # fmt: skip
        self._json = self.settings.json or (keep and corpus.layout.format in _JSON_KEPT)
        self._csv = keep and corpus.layout.format == "csv" and not self._json
        if first is not None or self._json or not self._named:
            return None
        kept = self._kept_names() if keep else []
        return self._joined([*kept, *_apart_from(kept, self._names())])

    def line(self, row: Row, probabilities: list[float]) -> str:
        """A row's answer, without its line feed."""
        if self._json:
            return self._object(row, probabilities)
        fields = list(row.fields) if self.settings.keep else []
        fields += self._columns(probabilities)
        if self.settings.show_text:
            fields.append(row.text)
        return self._joined(fields)

    def lines(self, rows: Sequence[Row], probabilities: NDArray[np.float64]) -> str:
        """The answers of rows, each with its line feed; [N, C] probabilities."""
        if self._plain:
            names = [as_field(label) for label in self.labels]
            best = zip(
                probabilities.argmax(axis=1), probabilities.max(axis=1).tolist(), strict=True
            )
            return "".join([f"{names[n]}\t{p:.6f}\n" for n, p in best])
        pairs = zip(rows, probabilities.tolist(), strict=True)
        return "".join([self.line(row, own) + "\n" for row, own in pairs])

    @property
    def _plain(self) -> bool:
        """Whether a line has only the likeliest label and its probability (written fast)."""
        s = self.settings
        more = s.json or s.keep or s.show_text or s.proba or s.all or self._top > 1
        return not (more or self.several or s.threshold is not None)

    @property
    def _named(self) -> bool:
        """Whether there is a header: for columns of all labels, or for the input's columns."""
        assert self._layout is not None
        kept = self.settings.keep and self._layout.format in ("tsv", "csv")
        return self.settings.header and (kept or self.settings.all)

    def _kept_names(self) -> list[str]:
        assert self._layout is not None
        return list(self._layout.columns) or ["text"]

    def _names(self) -> list[str]:
        """The answer's columns."""
        label = self._label_name
        if self.settings.all:
            return [label, *self.labels, *self._text_name()]
        names = [label, "probability"]
        for place in range(2, self._top + 1):
            names += [f"{label}_{place}", f"probability_{place}"]
        return names + self._text_name()

    @property
    def _label_name(self) -> str:
        if self.settings.keep:
            return "predicted"
        return "labels" if self.several else "label"

    def _text_name(self) -> list[str]:
        return ["text"] if self.settings.show_text else []

    @property
    def _top(self) -> int:
        return min(self.settings.top or 1, len(self.labels))

    def _columns(self, probabilities: list[float]) -> list[str]:
        settings = self.settings
        found = self._decide(self.labels, probabilities, settings.threshold, settings.otherwise)
        shown = SEPARATOR.join(found.labels)
        if settings.proba:
            pairs = zip(self.labels, probabilities, strict=True)
            return [shown, *(f"{label}={p:.6f}" for label, p in pairs)]
        if settings.all:
            return [shown, *(f"{p:.6f}" for p in probabilities)]
        fields = [shown, SEPARATOR.join(f"{p:.6f}" for p in found.probabilities)]
        if self._top > 1:
            for n in ranked(probabilities)[1 : self._top]:
                fields += [self.labels[n], f"{probabilities[n]:.6f}"]
        return fields

    def _object(self, row: Row, probabilities: list[float]) -> str:
        settings = self.settings
        found = self._decide(self.labels, probabilities, settings.threshold, settings.otherwise)
        kept = self._kept(row) if settings.keep else {}
        answer: dict[str, Any] = {
            self._label_name: found.labels if self.several else found.labels[0]
        }
        if not self.several:
            answer["probability"] = found.probabilities[0]
        elif not (settings.proba or settings.all):
            pairs = zip(found.labels, found.probabilities, strict=True)
            answer["probabilities"] = dict(pairs)
        if settings.proba or settings.all:
            answer["probabilities"] = dict(zip(self.labels, probabilities, strict=True))
        if settings.top:
            answer["top"] = [
                {"label": self.labels[n], "probability": probabilities[n]}
                for n in ranked(probabilities)[: settings.top]
            ]
        if settings.show_text:
            answer["text"] = row.text
        names = _apart_from(list(kept), list(answer))
        whole = {**kept, **dict(zip(names, answer.values(), strict=True))}
        return json.dumps(whole, ensure_ascii=False, default=str)

    def _kept(self, row: Row) -> dict[str, Any]:
        if row.record is not None:
            return row.record
        return dict(zip(self._kept_names(), row.fields, strict=True))

    def _joined(self, fields: list[str]) -> str:
        if not self._csv:
            return "\t".join(map(as_field, fields))
        record = io.StringIO()
        csv.writer(record, lineterminator="").writerow(fields)
        return record.getvalue()


def _check(settings: PredictSettings, several: bool) -> None:
    """Raise a UserError where two flags exclude each other."""
    forms = [flag for flag in ("top", "all", "proba") if getattr(settings, flag)]
    if len(forms) > 1 and not settings.json:
        raise UserError(f"--{forms[0]} and --{forms[1]} write other columns: choose one of them")
    if several and settings.top and not settings.json:
        raise UserError("--top writes one label a column, and the run gives several a text",
                        hint="give --all, or --json")  # fmt: skip
    if settings.otherwise is not None and settings.threshold is None and not several:
        raise UserError("--otherwise needs --threshold", hint="such as --threshold 0.8")


def _apart_from(taken: list[str], names: list[str]) -> list[str]:
    """The names, with a number appended to those already used."""
    used, found = set(taken), []
    for name in names:
        own = next(n for n in _numbered(name) if n not in used)
        used.add(own)
        found.append(own)
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
