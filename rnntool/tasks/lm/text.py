"""Text as the token numbers of a language model (without torch)."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnntool.data.id_file import IdFile, Ints, renumber_lines
from rnntool.formats.corpus import CorpusOptions
from rnntool.formats.rundir import Run
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import InferenceSettings, StreamSettings
from rnntool.runs.rows import stream_options
from rnntool.tasks.lm.data import TextSource
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit


@dataclass(frozen=True)
class NumberedText:
    """A text as token numbers, with its length in characters and lines."""

    ids: IdFile
    characters: int  # of the text itself, with a line feed for the end of each line
    ends: Ints  # position after the last token of each line
    unknown: dict[str, int]  # unknown tokens and their counts

    @property
    def spans(self) -> tuple[Ints, Ints]:
        """Start and end of the tokens that are read in each line: all except its last."""
        return np.concatenate([[0], self.ends])[:-1], self.ends - 1


def unit_of(run: Run) -> Unit:
    """The unit of text of a run of `train lm` or `train bilm`."""
    return Unit(parse_identity(run.config.tokenizer), bool(run.config.settings["lines"]))


@contextmanager
def numbered_text(
    run: Run,
    paths: list[str],
    settings: InferenceSettings,
    report: Reporter,
    *,
    documents: bool = False,
) -> Iterator[NumberedText]:
    """The text of files as token numbers, in a temporary file that is deleted after the block.

    Args:
        documents: start each line with the token from which the first one is predicted.

    Raises:
        UserError: a file cannot be used, or has tokens of another tokenizer.
    """
    options = (
        stream_options(settings)
        if isinstance(settings, StreamSettings)
        else CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    )
    source = TextSource(
        unit_of(run),
        run.subword_model(),
        options,
        settings.workers,
        settings.jvm_heap,
    )

    def lines() -> Iterator[tuple[str, list[str]]]:
        yield from source.lines(paths, report)
        options.errors.warn(report)

    with number_lines(run, lines(), documents=documents) as text:
        yield text


@contextmanager
def number_lines(
    run: Run, lines: Iterable[tuple[str, list[str]]], *, documents: bool = False
) -> Iterator[NumberedText]:
    """Lines, each its text and its tokens, as token numbers in a temporary file.

    Args:
        documents: start each line with the token from which the first one is predicted.
    """
    unit = unit_of(run)
    characters, lengths = 0, array("q")

    def tokens() -> Iterator[list[str]]:
        nonlocal characters
        for text, line in lines:
            characters += len(text) + 1
            whole = unit.line(line)
            whole = [unit.start, *whole] if documents and not unit.documents else whole
            lengths.append(len(whole))
            yield whole

    with tempfile.TemporaryDirectory(prefix="rnntool-") as folder:
        target = Path(folder) / "text.bin"
        unknown = renumber_lines(tokens(), run.vocabulary.ids, target)
        ids = IdFile(target)
        try:
            yield NumberedText(ids, characters, np.cumsum(lengths, dtype=np.int64), unknown)
        finally:
            ids.close()
