"""Open a run directory, and check that its vocabularies fit its weights (without torch)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rnntool.errors import UserError
from rnntool.formats.rundir import (
    CHARACTERS,
    NO_WORDS,
    SPELLING,
    TARGET_VOCAB,
    VOCAB,
    Run,
    read_run,
)
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.weights import read_shapes
from rnntool.models.tensor_names import vocabulary_rows

_FILES = {
    "tokens": VOCAB, "targets": TARGET_VOCAB, "characters": CHARACTERS, "spelling": SPELLING,
}  # fmt: skip


def open_run(path: str) -> Run:
    """Open a run directory.

    Raises:
        UserError: the path is not a run, the run is incomplete, damaged or of a newer format, or
            the size of a vocabulary differs from that of the weights.
    """
    run = read_run(path)
    if run.vocabulary.tokenizer == NO_WORDS:
        return run
    for of, rows in vocabulary_rows(read_shapes(run.weights)).items():
        place = run.path / _FILES[of]
        if of == "tokens":
            found = len(run.vocabulary)
        elif place.is_file():
            found = len(read_vocabulary(str(place)))
        else:
            continue  # the code that needs the file reports that it is missing
        if found != rows:
            raise UserError(
                f"has {found:,} entries, but the weights were trained with {rows:,}; the file is"
                " damaged or from another run", where=place,
            )  # fmt: skip
    return run


@contextmanager
def fitting_weights(run: Run) -> Iterator[None]:
    """Make a model of a run's weights in the block.

    Raises:
        UserError: they do not fit its settings, so the block fails.
    """
    try:
        yield
    except (KeyError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"do not fit the model: {reason}", where=run.weights) from None
