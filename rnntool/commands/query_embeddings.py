"""`rnntool query-embeddings neighbors|analogy|similarity`."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from typing import Annotated, Any

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

app = new_app("Query word vectors: neighbors, analogy, similarity.")

_Vectors = Annotated[str, typer.Argument(help="Vectors: word2vec text or binary, fastText .bin.")]
_Top = Annotated[int, typer.Option("-k", "--top", min=1, help="Number of words to show.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback(no_args_is_help=True)
def _queries() -> None:
    """Query word vectors: neighbors, analogy, similarity."""


def _print_json(value: Any) -> None:
    sys.stdout.write(json_module.dumps(value, ensure_ascii=False) + "\n")


@command(app, "neighbors", prints=True)
def neighbors(
    vectors: _Vectors,
    words: Annotated[list[str], typer.Argument(help="Words whose neighbors to find.")],
    top: _Top = 10,
    json: _Json = False,
) -> None:
    """Show the nearest words by cosine similarity.

    Example: rnntool query-embeddings neighbors cbow.vec 영화 감동
    """
    from rnntool.commands._output import print_table
    from rnntool.embeddings.query import Embeddings

    embeddings = Embeddings(vectors)
    answers = {word: embeddings.neighbors(word, top) for word in words}
    if json:
        _print_json({word: dict(found) for word, found in answers.items()})
        return
    for word, found in answers.items():
        print_table((word, "cosine"), found)


@command(app, "analogy", prints=True)
def analogy(
    vectors: _Vectors,
    a: Annotated[str, typer.Argument(help="Word A, such as king.")],
    b: Annotated[str, typer.Argument(help="Word B, such as man.")],
    c: Annotated[str, typer.Argument(help="Word C, such as woman.")],
    top: _Top = 10,
    json: _Json = False,
) -> None:
    """Show the words near A - B + C: `analogy FILE king man woman` looks for queen.

    Example: rnntool query-embeddings analogy cbow.vec 여배우 여자 남자
    """
    from rnntool.commands._output import print_table
    from rnntool.embeddings.query import Embeddings

    found = Embeddings(vectors).analogy(a, b, c, top)
    if json:
        _print_json(dict(found))
        return
    print_table((f"{a} - {b} + {c}", "cosine"), found)


@command(app, "similarity", prints=True)
def similarity(
    vectors: _Vectors,
    pairs: Annotated[str, typer.Argument(help="CSV of word, word, human score.")],
    json: _Json = False,
    *,
    report: Reporter,
) -> None:
    """Compare with human similarity scores: Spearman's and Pearson's correlation.

    Example: rnntool query-embeddings similarity cbow.vec WS353_korean.csv
    """
    from rnntool.commands._output import print_table
    from rnntool.embeddings.query import Embeddings

    result = Embeddings(vectors).similarity(pairs)
    if json:
        _print_json({**dataclasses.asdict(result), "coverage": result.coverage})
        return
    print_table(
        ("pairs", "covered", "coverage", "spearman", "pearson"),
        [(result.pairs, result.covered, result.coverage, result.spearman, result.pearson)],
    )
    if result.missing:
        shown = " ".join(result.missing[:10])
        more = len(result.missing) - 10
        rest = f" and {more:,} more (--json lists all)" if more > 0 else ""
        report.note(f"words without a vector: {shown}{rest}")
