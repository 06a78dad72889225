"""The example in each command's `--help` runs as it is written, in the order of a workflow."""

from __future__ import annotations

import re
import shutil

from typer.main import get_command

from rnntool.commands import app
from rnntool.registry import COMMANDS
from tests.conftest import Cli
from tests.sandbox import make_sandbox, run_line

NEEDS_NETWORK = {"data nsmc"}


def all_commands() -> list[str]:
    """Every command and subcommand by its words."""
    group = get_command(app)
    names = []
    for name in COMMANDS:
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        below = command.commands if hasattr(command, "commands") else {}
        names += [f"{name} {sub}" for sub in below] or [name]
    return names


def example_of(command: str, cli: Cli) -> str:
    """The command line that its help ends its description with."""
    found = re.search(r"^Example:\n  (.+)$", cli(*command.split(), "--help").out, re.MULTILINE)
    assert found, f"{command} has no example"
    return found[1]


def test_every_commands_example_runs(cli: Cli, tmp_path, monkeypatch):
    monkeypatch.chdir(make_sandbox(tmp_path))
    waiting = [name for name in all_commands() if name not in NEEDS_NETWORK]
    # The runs that other examples name, as a workflow has trained them.
    ready = ["tokenize", "build-vocab", "train-embeddings cbow", "train classify", "train lm",
             "train bilm"]  # fmt: skip
    for command in [*ready, *[name for name in waiting if name not in ready]]:
        line = example_of(command, cli)
        result = run_line(line, cli)
        assert "-o " in line or command in ("check", "data sample") or result.out.strip(), line
        if command == "train classify":
            for run in ("lstm", "rnn"):
                shutil.copytree("runs/gru", f"runs/{run}")
    assert len(waiting) >= len(COMMANDS)
