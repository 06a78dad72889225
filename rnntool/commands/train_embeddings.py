"""`rnntool train-embeddings cbow|skipgram`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.embeddings.settings import EmbeddingSettings
from rnntool.reporting import Reporter

app = new_app("Train word vectors: CBOW or skip-gram.")

_Inputs = Annotated[list[str] | None, typer.Argument(help="Tokens files; - is standard input.")]
_Output = Annotated[
    str, typer.Option("-o", "--output", help="Vectors to write: .vec text, .bin binary.")
]


@app.callback(no_args_is_help=True)
def _kinds() -> None:
    """Train word vectors: CBOW or skip-gram."""


@command(app, "cbow", EmbeddingSettings)
def cbow(
    inputs: _Inputs = None,
    output: _Output = ...,  # type: ignore[assignment]
    *,
    settings: EmbeddingSettings,
    report: Reporter,
) -> None:
    """Continuous bag of words: predict a word from the words around it (Mikolov et al. 2013).

    Example: rnntool train-embeddings cbow train.tok --dim 200 -o cbow.vec
    """
    from rnntool.embeddings.train import train_embeddings

    train_embeddings("cbow", inputs or ["-"], output, settings, report)


@command(app, "skipgram", EmbeddingSettings)
def skipgram(
    inputs: _Inputs = None,
    output: _Output = ...,  # type: ignore[assignment]
    *,
    settings: EmbeddingSettings,
    report: Reporter,
) -> None:
    """Skip-gram: predict the words around a word (Mikolov et al. 2013).

    Example: rnntool train-embeddings skipgram train.tok --subword -o skipgram.bin
    """
    from rnntool.embeddings.train import train_embeddings

    train_embeddings("skipgram", inputs or ["-"], output, settings, report)
