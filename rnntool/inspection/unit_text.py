"""A text, line by line, for the states after each of its tokens.

Shapes: T tokens of a line, M of several, F features of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import open_corpus, split_tokens
from rnntool.formats.reading import name_of
from rnntool.formats.rundir import Run
from rnntool.inspection.explain_settings import UnitsSettings
from rnntool.inspection.layer_states import LayerStates
from rnntool.inspection.token_properties import Property, built_in, read_property
from rnntool.reporting import Reporter
from rnntool.runs.rows import stream_options, tokenized_rows
from rnntool.tasks.lm.text import unit_of
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit

_PIECE = 500  # maximum number of tokens from one zero state, where lines are read as one text


@dataclass(frozen=True)
class UnitText:
    """Lines of tokens, and how the run's model reads them."""

    lines: list[list[str]]
    end: str | None  # the token between two lines; None: each line is read separately
    spelled: bool  # whether tokens are characters

    def properties(self, paths: Sequence[str]) -> list[Property]:
        """The built-in properties, and those read from files.

        Raises:
            UserError: a file does not fit the text.
        """
        return [*built_in(self.lines, self.spelled), *(read_property(p, self.lines) for p in paths)]

    def pieces(self) -> list[list[int]]:
        """Groups of lines that are read as one text, in order."""
        if self.end is None:
            return [[n] for n in range(len(self.lines))]
        found: list[list[int]] = [[]]
        length = 0
        for n, line in enumerate(self.lines):
            if found[-1] and length + len(line) > _PIECE:
                found.append([])
                length = 0
            found[-1].append(n)
            length += len(line) + 1
        return found

    def halves(self, seed: int) -> tuple[list[int], list[int]]:
        """The lines of two random halves; a piece of the text is never split.

        Raises:
            UserError: the text has only one piece.
        """
        pieces = self.pieces()
        if len(pieces) < 2:
            raise UserError("the text is too short to choose units on one half and score them on"
                            " the other", hint="give more lines")  # fmt: skip
        order = np.random.default_rng(seed).permutation(len(pieces))
        sides = [order[::2], order[1::2]]
        first, second = ([n for p in sorted(side.tolist()) for n in pieces[p]] for side in sides)
        return first, second

    def states(self, reader: LayerStates, lines: Sequence[int]) -> list[Any]:
        """For each layer [M, F] after each token of these lines, which must be whole pieces."""
        wanted = set(lines)
        pieces = [piece for piece in self.pieces() if piece[0] in wanted]
        texts = [self._joined(piece) for piece in pieces]
        found: list[list[Any]] = [[] for _ in reader.names]
        for piece, layers in zip(pieces, reader.read(texts), strict=True):
            real = self._real(piece)
            for own, layer in zip(found, layers, strict=True):
                own.append(layer[real])
        return [np.concatenate(own) for own in found]

    def _joined(self, piece: list[int]) -> list[str]:
        tokens: list[str] = []
        for n in piece:
            tokens += [self.end] if tokens and self.end is not None else []
            tokens += self.lines[n]
        return tokens

    def _real(self, piece: list[int]) -> Any:
        """[T] False at the tokens between two lines."""
        parts = [np.ones(len(self.lines[n]), dtype=bool) for n in piece]
        joined = [parts[0]]
        for n, part in enumerate(parts[1:], 1):
            begun = any(len(p) for p in parts[:n])
            joined += [np.zeros(int(begun), dtype=bool), part]
        return np.concatenate(joined)


def read_text(path: str, run: Run, settings: UnitsSettings, report: Reporter) -> UnitText:
    """The lines of a file, or of the text column of a table, with at most `--limit` tokens.

    Raises:
        UserError: it cannot be read, or has no token.
    """
    options = stream_options(settings)
    worker = WorkerOptions(run.config.tokenizer, run.subword_model())
    lines: list[list[str]] = []
    count = 0
    with TokenizePool(worker) as pool, open_corpus(path, options) as corpus:
        for _, tokens in tokenized_rows(corpus, run.config.tokenizer, pool):
            lines.append(split_tokens(tokens))
            count += len(lines[-1])
            if settings.limit and count >= settings.limit:
                report.note(f"{count:,} tokens are read (--limit)")
                break
        pool.warn_of_characters(report)
    options.errors.warn(report)
    if not count:
        raise UserError("has no token to look at", where=name_of(path), hint="give a text")
    unit = Unit(parse_identity(run.config.tokenizer))
    reads_on = run.config.task == "lm" and not unit_of(run).documents
    return UnitText(lines, unit_of(run).end if reads_on else None, unit.spelled)
