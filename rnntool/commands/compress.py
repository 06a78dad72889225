"""`rnntool compress`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter
from rnntool.runs.compress_settings import CompressSettings

app = new_app("Write a run at a quarter of its size: weights in 8 bits, fewer rare words.")


@command(app, "compress", CompressSettings)
def compress(
    run: Annotated[str, typer.Argument(help="Run directory, or the name of a model.")],
    output: Annotated[str, typer.Option("-o", "--output", help="Run directory to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing run.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    *,
    settings: CompressSettings,
    report: Reporter,
) -> None:
    """Write a run at a quarter of its size: weights in 8 bits, with a scale for each row.

    Every command can use the result, except that a training cannot continue or start from it.
    --max-vocab and --min-count remove rare tokens, which are then unknown to the model.

    Example: rnntool compress runs/lstm -o small --max-vocab 20000 --check ratings_test.txt
    """
    from rnntool.runs.compress import compress as write_compressed

    sizes = write_compressed(run, output, settings, report, force=force)
    compared = []
    if settings.check is not None:
        from rnntool.tasks.compressed import compare_figures

        compared = compare_figures(run, output, settings.check, settings.reading, report)
    if json:
        record = sizes.as_dict() | {c.figure: [c.before, c.after] for c in compared}
        sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
        return
    from rnntool.commands._output import print_table

    rows: list[tuple[object, ...]] = [
        ("bytes", sizes.bytes_before, sizes.bytes_after, f"{sizes.share:.1%}"),
        ("vocabulary", sizes.vocabulary_before, sizes.vocabulary_after, ""),
        *((c.figure, c.before, c.after, f"{c.difference:+.4f}") for c in compared),
    ]
    print_table(("figure", "before", "after", "share or difference"), rows)
