"""The example in each command's `--help` runs as it is written, in the order of a workflow."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from rnntool.commands import app
from rnntool.registry import COMMANDS
from tests.conftest import Cli

# What makes a training quick; a flag given again replaces the example's own.
_SMALL = ["--hidden", "8", "--epochs", "1", "--threads", "1"]
QUICK = {
    "train": _SMALL,
    "train classify": [*_SMALL, "--embedding-dim", "8"],
    "train forecast": [*_SMALL, "--window", "5"],
    "train-embeddings cbow": ["--dim", "8", "--epochs", "1"],
    "train-embeddings skipgram": ["--dim", "8", "--epochs", "1"],
    "search": ["--trials", "1"],
    "generate": ["--length", "5"],
}
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the examples name and no example makes."""
    folder = tmp_path_factory.mktemp("examples")
    sample = resources.files("rnntool") / "sample"
    for name in ("ratings_train.txt", "ratings_test.txt"):
        lines = (sample / name).read_text("utf-8").splitlines(keepends=True)[:401]
        (folder / name).write_text("".join(lines), "utf-8")
    words = "여배우 여자 남자 배우 영화 감동 눈물"
    with (folder / "ratings_train.txt").open("a", encoding="utf-8") as more:
        more.writelines(f"{n}\t{words}\t{n % 2}\n" for n in range(20))
    (folder / "reviews.txt").write_text("좋은 영화\n나쁜 영화\n" * 20, "utf-8")
    np.save(folder / "vectors.npy", np.eye(2, 3, dtype=np.float32)[[0, 1] * 20])
    (folder / "corpus.txt").write_text("대한민국은 hello the dog bites man\n" * 80, "utf-8")
    (folder / "ChatbotData.csv").write_text("Q,A\n안녕,반가워\n뭐해,밥 먹어\n" * 10, "utf-8")
    words = (("1", "나는", "PRON"), ("2", "간다", "VERB"))
    sentence = "".join("\t".join([n, w, "_", t, *["_"] * 6]) + "\n" for n, w, t in words)
    (folder / "ko_gsd-ud-dev.conllu").write_text(f"{sentence}\n" * 20, "utf-8")
    days = (f'"1981-01-{n:02}",{20 + n % 3}\n' for n in range(1, 31))
    (folder / "daily-min-temperatures.csv").write_text("Date,Temp\n" + "".join(days), "utf-8")
    (folder / "space.yaml").write_text("hidden: [4, 8]\n", "utf-8")
    (folder / "WS353_korean.csv").write_text("영화,감동,5\n여자,남자,8\n영화,눈물,3\n", "utf-8")
    return folder


def test_every_commands_example_runs(cli: Cli, folder, monkeypatch):
    monkeypatch.chdir(folder)
    waiting = [name for name in all_commands() if name not in NEEDS_NETWORK]
    # The runs that other examples name, as a workflow has trained them.
    ready = ["tokenize", "build-vocab", "train-embeddings cbow", "train classify", "train lm",
             "train bilm"]  # fmt: skip
    for command in [*ready, *[name for name in waiting if name not in ready]]:
        run_example(command, cli)
        if command == "train classify":
            for run in ("lstm", "rnn"):
                shutil.copytree("runs/gru", f"runs/{run}")
    assert len(waiting) >= len(COMMANDS)


def run_example(command: str, cli: Cli) -> None:
    """Run it in this process; what stands before a pipe is what it reads."""
    before, pipe, line = example_of(command, cli).rpartition(" | ")
    words = shlex.split(line)
    assert words[0] == "rnntool"
    text = None
    if pipe:
        text = shlex.split(before)[1].replace("\\n", "\n").rstrip("\n") + "\n"
    Path("runs").mkdir(exist_ok=True)
    quick = QUICK.get(command, QUICK.get(command.split()[0], []))
    result = cli(*words[1:], *quick, "-q", input=text)
    assert result.code == 0, (command, result.err)
    if "-o" in words:
        assert Path(words[words.index("-o") + 1]).exists(), command
    elif command not in ("check", "data sample"):
        assert result.out.strip(), command
