"""`rnntool explain`."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.inspection.explain_settings import ExplainSettings
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rnntool.inspection.explain import Explained, Explaining

app = new_app("Show why a text gets its label: the share of each token, and the running answer.")


@command(app, "explain", ExplainSettings, prints=True)
def explain(
    run: Annotated[str, typer.Argument(help="Run of a classifier or a tagger.")],
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Texts; - is standard input.")
    ] = None,
    *,
    settings: ExplainSettings,
    report: Reporter,
) -> None:
    """Explain each answer of a classifier, or each tag of a tagger, token by token.

    The share of a token is what it adds to the score of the label (or subtracts from it). The score
    is the logit of the label, log(p / (1 - p)), in nats; it is 0 at p = 1/2. With integrated
    gradients (Sundararajan, Taly and Yan 2017), the shares of all tokens add up to the difference
    between this score and that of a text whose token vectors are all zero. The running answer is
    the answer if the text ended at that token. On a terminal, orange tokens support the label, blue
    ones speak against it, and bars show the running probability; otherwise each token is a row of
    TSV.

    Example: rnntool explain runs/lstm --text '배우들 연기는 좋은데 스토리가 산으로 간다'
    """
    one_blas_thread()  # the products are small: a second thread would wait more than it works
    from rnntool.inspection.explain import Explaining

    explaining = Explaining(run, settings, report)
    explained: Iterable[Explained] = explaining.explain(source)
    if settings.html is not None:
        explained = _into_page(explained, explaining, settings.html, report)
    if settings.json:
        _write_json(explained, one=settings.token is not None)
    elif sys.stdout.isatty():
        _show(explained, settings.method, report)
    else:
        _write_tsv(explained, explaining.tags)


def _into_page(
    explained: Iterable[Explained], explaining: Explaining, path: str, report: Reporter
) -> Iterator[Explained]:
    """Pass explanations on, and write the page when they are all there."""
    from rnntool.formats.writing import write_text
    from rnntool.inspection.explain_page import page

    kept = []
    for one in explained:
        kept.append(one)
        yield one
    with write_text(path) as sink:
        sink.write(page(explaining.name, explaining.settings.method, kept))
    report.note(f"{path}: {len(kept):,} texts")


def _write_json(explained: Iterable[Explained], one: bool) -> None:
    from rnntool.inspection.explain_rows import as_record

    for text in explained:
        sys.stdout.write(json_module.dumps(as_record(text, one), ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _write_tsv(explained: Iterable[Explained], tags: bool) -> None:
    from rnntool.inspection.explain_rows import as_rows, headings

    sys.stdout.write("\t".join(headings(tags)) + "\n")
    for text in explained:
        sys.stdout.writelines("\t".join(row) + "\n" for row in as_rows(text))
        sys.stdout.flush()


def _show(explained: Iterable[Explained], method: str, report: Reporter) -> None:
    from rich.console import Console

    from rnntool.inspection.explain_rows import as_lines

    console = Console(file=sys.stdout, highlight=False, markup=False)
    report.note("label, its probability, ▁…█ its running probability; orange: for it, blue: against"
                " it; scores are log p / (1 - p) in nats")  # fmt: skip
    for text in explained:
        for line in as_lines(text, method):
            console.print(line, soft_wrap=True)
