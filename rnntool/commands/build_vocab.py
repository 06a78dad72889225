"""`rnntool build-vocab`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.data.counting import VocabularySettings
from rnntool.reporting import Reporter

app = new_app("Count tokens into a vocabulary, or train a subword model on them.")


@command(app, "build-vocab", VocabularySettings)
def build_vocab(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Tokens files; - is standard input.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Vocabulary to write; - is standard output.")
    ] = "-",
    *,
    settings: VocabularySettings,
    report: Reporter,
) -> None:
    """Count tokens and write a vocabulary, most frequent tokens first; report its coverage.

    With --subword SIZE, train a subword model instead, for `tokenize -t subword`.

    Example: rnntool build-vocab train.tok --min-count 2 -o vocab.tsv
    """
    from rnntool.data.counting import subword_model_of, vocabulary_of
    from rnntool.formats.vocab import write_vocabulary
    from rnntool.formats.writing import write_binary

    if settings.subword is None:
        write_vocabulary(output, vocabulary_of(inputs or ["-"], settings, report))
        return
    model = subword_model_of(inputs or ["-"], settings, report)
    with write_binary(output) as sink:
        sink.write(model)
