"""`rnntool probe`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.inspection.settings import ProbeSettings
from rnntool.machine import one_blas_thread
from rnntool.reporting import Reporter

app = new_app("Test what each layer knows: a linear classifier on its frozen states.")


@command(app, "probe", ProbeSettings, prints=True)
def probe(
    run: Annotated[str, typer.Argument(help="Run directory of train bilm, lm, classify or tag.")],
    data: Annotated[str, typer.Argument(help="Labelled texts, or CoNLL-U; - is stdin.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    settings: ProbeSettings,
    report: Reporter,
) -> None:
    """Test what each layer knows: train a logistic regression on its frozen states, and score it.

    For labelled texts, the states of a text are pooled; for CoNLL-U, those of the pieces of a word.
    The first rows are two baselines: the most frequent label, and the static embedding (the token
    vectors without context). Intervals come from a bootstrap over texts; the gain over the row
    above is paired.

    Example: rnntool probe runs/bilm ratings_train.txt --test ratings_test.txt
    """
    one_blas_thread()
    from rnntool.commands._output import print_table
    from rnntool.inspection.layer_probe import probe_layers

    found = probe_layers(run, data, settings, report)
    if json:
        record = {"run": run, "data": data, "test": settings.test, **found.as_dict()}
        sys.stdout.write(json_module.dumps(record, ensure_ascii=False) + "\n")
        return
    print_table(*found.table())
