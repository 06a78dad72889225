"""`rnntool data nsmc|sample`."""

from __future__ import annotations

from typing import Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

app = new_app("Download NSMC from its public repository, or write the bundled sample.")

_Folder = Annotated[str, typer.Argument(help="Folder to write into.")]


@app.callback(no_args_is_help=True)
def _corpora() -> None:
    """Download NSMC from its public repository, or write the bundled sample."""


@command(app, "nsmc")
def nsmc(
    folder: _Folder,
    unlabelled: Annotated[
        bool,
        typer.Option(
            "--unlabelled", help="Also download the unlabelled reviews (large, text only)."
        ),
    ] = False,
    mirror: Annotated[
        str | None, typer.Option("--mirror", help="URL of a folder that holds the two files.")
    ] = None,
    *,
    report: Reporter,
) -> None:
    """Download the Naver Sentiment Movie Corpus (CC0 1.0); resume an interrupted download.

    Example: rnntool data nsmc data/nsmc
    """
    from pathlib import Path

    from rnntool.data.nsmc import FILES, fetch_nsmc, fetch_unlabelled

    fetch_nsmc(Path(folder), report, mirror or FILES)
    if unlabelled:
        fetch_unlabelled(Path(folder), report)


@command(app, "sample")
def sample(folder: _Folder, *, report: Reporter) -> None:
    """Write the bundled sample: movie reviews written for this project, in NSMC's format (CC0 1.0).

    Example: rnntool data sample data/sample
    """
    from pathlib import Path

    from rnntool.data.sample import write_sample

    write_sample(Path(folder), report)
