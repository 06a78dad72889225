"""A run directory opened, its vocabularies compared with its weights. No torch."""

from __future__ import annotations

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
        UserError: it is not there, is none, is incomplete, damaged, or of a newer format; or a
            vocabulary has fewer or more entries than the weights were trained with.
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
            continue  # who needs it names it
        if found != rows:
            raise UserError(
                f"has {found:,} entries, and the weights were trained with {rows:,}: the file is"
                " damaged, or another run's", where=place,
            )  # fmt: skip
    return run
