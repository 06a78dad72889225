"""The flags that every `train` subcommand has beside its settings."""

from __future__ import annotations

from typing import Annotated

import typer

Output = Annotated[str, typer.Option("-o", "--output", help="Run directory to write.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training.")]
