"""The data of a probe: texts and their labels, or words and their tags.

Shapes: T tokens of a text, M labelled texts or words, F features.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, split_tokens
from rnntool.formats.reading import STREAM, Undecodable, name_of, read_lines
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence, TaggedOptions, read_tagged
from rnntool.inspection.layer_states import LayerStates
from rnntool.inspection.settings import ProbeSettings
from rnntool.reporting import Reporter
from rnntool.tasks.classify.evaluate import read_rows
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.tokens import SPACE
from rnntool.text.units import Unit

Floats = NDArray[np.float32]
TEXTS, WORDS = "texts", "words"
_WAYS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda states: states.mean(axis=0),
    "max": lambda states: states.max(axis=0),
    "last": lambda states: states[-1],
}
_TOGETHER = 2_048  # texts whose states are in memory at once


@dataclass(frozen=True)
class Asked:
    """Texts, each with its labelled spans of tokens."""

    of: str  # texts or words
    texts: list[list[str]]
    spans: list[list[tuple[int, int]]]
    labels: list[list[str]]

    def take(self, rows: Sequence[int]) -> Asked:
        """The texts with the numbers `rows`."""
        return Asked(
            self.of,
            [self.texts[row] for row in rows],
            [self.spans[row] for row in rows],
            [self.labels[row] for row in rows],
        )

    def every_label(self) -> NDArray[Any]:
        """[M] labels, one text after the other."""
        return np.array([label for own in self.labels for label in own])

    def owners(self) -> NDArray[np.int64]:
        """[M] the index of each label's text."""
        return np.repeat(np.arange(len(self.labels)), [len(own) for own in self.labels])


def read_asked(
    path: str, run: Run, settings: ProbeSettings, report: Reporter, mode: str = "strict"
) -> Asked:
    """Labelled texts, or the words of CoNLL-U and other tagged files.

    Args:
        mode: for lines in another encoding, one of registry.DECODING.

    Raises:
        UserError: the file cannot be used, or has no labels.
    """
    if path == STREAM and settings.of == "auto":
        raise UserError("may hold texts or tagged words", where=name_of(path),
                        hint="give --of texts or --of words")  # fmt: skip
    words = settings.of == WORDS or (settings.of == "auto" and _is_conllu(path, settings.encoding))
    errors = Undecodable(mode)
    if words:
        found = _words(path, run, settings, errors)
    else:
        found = _texts(path, run, settings, report, errors)
    errors.warn(report)
    return found


def _is_conllu(path: str, encoding: str) -> bool:
    """Whether a file is CoNLL-U: it starts with a comment, or has ten columns."""
    first = next((line for _, line in read_lines(path, encoding)), "")
    comment = first.startswith("#") and not first.startswith("#rnntool")
    return comment or (len(first.split("\t")) == 10 and first[:1].isdigit())


def _texts(
    path: str, run: Run, settings: ProbeSettings, report: Reporter, errors: Undecodable
) -> Asked:
    options = CorpusOptions(
        settings.format, settings.text_column, settings.label_column, settings.encoding,
        errors=errors,
    )  # fmt: skip
    worker = WorkerOptions(run.config.tokenizer, run.subword_model(), settings.jvm_heap)
    rows = read_rows(path, options, worker, settings, report)
    limit = run.config.settings.get("max_length") or None
    texts = [split_tokens(tokens)[:limit] for tokens in rows.tokens]
    return Asked(TEXTS, texts, [[(0, len(t))] for t in texts], [[own[0]] for own in rows.labels])


def _words(path: str, run: Run, settings: ProbeSettings, errors: Undecodable) -> Asked:
    """Words and tags; a word's span is that of its pieces by the run's tokenizer."""
    spec = parse_identity(run.config.tokenizer)
    spaced = Unit(spec).spelled  # between characters a space is a token
    own = make_tokenizer(spec, run.subword_model(), settings.jvm_heap)
    pieces: dict[str, list[str]] = {}
    asked = Asked(WORDS, [], [], [])
    options = TaggedOptions("auto", settings.text_column, settings.label_column, settings.encoding,
                            errors=errors)  # fmt: skip
    for sentence in read_tagged(path, options):
        text: list[str] = []
        spans = []
        for word, joined in zip(sentence.tokens, _joined(sentence), strict=True):
            if word not in pieces:
                pieces[word] = own.tokenize(word) or [word]
            text += [SPACE] if spaced and text and not joined else []
            spans.append((len(text), len(text) + len(pieces[word])))
            text += pieces[word]
        asked.texts.append(text)
        asked.spans.append(spans)
        asked.labels.append(list(sentence.tags))
    return asked


def _joined(sentence: Sentence) -> Iterator[bool]:
    """For each word, whether it follows the one before without a space (SpaceAfter=No)."""
    misc = [sentence.rows[place][-1] if sentence.rows else "" for place in sentence.places]
    yield False
    yield from ("SpaceAfter=No" in own for own in misc[: len(sentence.tokens) - 1])


def features(asked: Asked, states: LayerStates, pool: str) -> list[Floats]:
    """For each layer [M, F]: the pooled states of each span; zeros for a span without tokens."""
    parts: list[list[Floats]] = [[] for _ in states.names]
    for start in range(0, len(asked.texts), _TOGETHER):
        piece = slice(start, start + _TOGETHER)
        for layers, spans in zip(states.read(asked.texts[piece]), asked.spans[piece], strict=True):
            for part, layer in zip(parts, layers, strict=True):
                part.append(_pooled(layer, spans, pool))
    return [np.concatenate(part) for part in parts]


def _pooled(layer: Floats, spans: list[tuple[int, int]], pool: str) -> Floats:
    """[T, F] -> [spans, F]."""
    found = np.zeros((len(spans), layer.shape[1]), dtype=np.float32)
    for n, (start, stop) in enumerate(spans):
        own = layer[start:stop]
        if len(own):
            found[n] = _WAYS[pool](own)
    return found


def split(asked: Asked, share: float, seed: int) -> tuple[Asked, Asked]:
    """Texts for training and for testing, at random by `seed`; no text is divided."""
    order = np.random.default_rng(seed).permutation(len(asked.texts)).tolist()
    held = max(1, round(len(order) * share))
    return asked.take(sorted(order[held:])), asked.take(sorted(order[:held]))


def at_most(asked: Asked, limit: int, seed: int) -> Asked:
    """`limit` texts at random by `seed`, or all."""
    if not limit or len(asked.texts) <= limit:
        return asked
    order = np.random.default_rng(seed).permutation(len(asked.texts))[:limit]
    return asked.take(sorted(order.tolist()))


def sums_by_text(asked: Asked, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[texts, 2] the number of right ones in each text, and of all, for the bootstrap."""
    lengths = np.array([len(own) for own in asked.labels])
    starts = [0, *itertools.accumulate(lengths.tolist())]
    counts = [int(right[a:b].sum()) for a, b in itertools.pairwise(starts)]
    return np.stack([np.array(counts, dtype=np.float64), lengths.astype(np.float64)], axis=1)
