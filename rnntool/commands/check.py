"""`rnntool check`."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnntool.commands._command import command, new_app
from rnntool.registry import FORMATS, LABEL_FLAGS, SEPARATOR, TEXT_FLAGS
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.data.check import FileReport

app = new_app("Check files before training: labels, duplicates, lengths, unknown rate.")


@command(app, "check", prints=True)
def check(
    files: Annotated[list[str], typer.Argument(help="Raw text or tokens files.")],
    vocab: Annotated[
        str | None, typer.Option("--vocab", help="Vocabulary; report the share of unknown tokens.")
    ] = None,
    format: Annotated[
        Literal[FORMATS],  # type: ignore[valid-type]
        typer.Option("--format", help="Format of the files."),
    ] = "auto",
    text_column: Annotated[
        str | None, typer.Option(*TEXT_FLAGS.split(), help="Column or JSON field of the text.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(*LABEL_FLAGS.split(), help="Column or JSON field of the label.")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Encoding of the files.")] = "utf-8",
    multi_label: Annotated[
        bool, typer.Option("--multi-label", help="Each text may have several labels.")
    ] = False,
    label_separator: Annotated[
        str, typer.Option("--label-separator", help="Separator of several labels.")
    ] = SEPARATOR,
    near: Annotated[
        float,
        typer.Option(
            "--near",
            min=0.0,
            max=1.0,
            help="Minimum similarity of near-duplicates in two files; 0: do not search.",
        ),
    ] = 0.8,
    suspects: Annotated[
        int,
        typer.Option(
            "--suspects", min=0, help="Number of rows with doubtful labels to show; 0: none."
        ),
    ] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    *,
    report: Reporter,
) -> None:
    """Check data before training: rows, labels, duplicates, overlap, lengths, unknown rate.

    With several files, it shows texts that occur in two of them, exactly or nearly (estimated
    Jaccard similarity of their five-character sequences). A label is doubtful if a logistic
    regression, trained without that row, is confident of another label; at most 20,000 rows of a
    file are checked in this way.

    Example: rnntool check ratings_train.txt ratings_test.txt
    """
    from rnntool.data.check import check_files
    from rnntool.formats.corpus import CorpusOptions
    from rnntool.formats.vocab import read_vocabulary

    options = CorpusOptions(format, text_column, label_column, encoding)
    vocabulary = None if vocab is None else read_vocabulary(vocab)
    results = check_files(
        files, options, report, vocabulary, separator=label_separator if multi_label else None,
        near=near, suspects=suspects > 0,
    )  # fmt: skip
    if json:
        content = [result.as_dict() for result in results]
        sys.stdout.write(json_module.dumps(content, ensure_ascii=False) + "\n")
        return
    for result in results:
        _print(result, suspects, report)


def _print(result: FileReport, most_suspects: int, report: Reporter) -> None:
    from rnntool.commands._output import print_table
    from rnntool.tables import shortened, shown_token

    columns = f" ({', '.join(result.columns)})" if result.columns else ""
    facts: list[tuple[str, object]] = [
        ("format", result.format + columns),
        ("tokenizer", result.tokenizer),
        ("rows", result.rows),
        ("empty", result.empty),
        ("duplicates", result.duplicates),
        (f"{result.length_unit}, mean", result.mean_length),
        (f"{result.length_unit}, longest", result.longest),
    ]
    if result.unknown_rate is not None:
        facts.append(("unknown rate", result.unknown_rate))
    facts += [(f"texts also in {shortened(path, 24)}", n) for path, n in result.overlap.items()]
    facts += [(f"nearly in {shortened(path, 24)}", len(own)) for path, own in result.near.items()]
    print_table((shortened(result.path), ""), facts)
    if result.labels:
        rows = [(label, n, n / result.rows) for label, n in result.labels.items()]
        print_table(("label", "rows", "share"), rows)
    most = max(result.lengths.values(), default=1)
    bars = [(name, n, "█" * round(30 * n / most)) for name, n in result.lengths.items()]
    print_table((result.length_unit, "rows", ""), bars)
    if result.suspects:
        suspects = [
            (one.line, one.label, one.looks_like, one.probability, shown_token(one.text, 40))
            for one in result.suspects[:most_suspects]
        ]
        print_table(("line", "label", "looks like", "probability", "text"), suspects)
    for warning in result.warnings:
        report.warn(f"{result.path}: {warning}")
