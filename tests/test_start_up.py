"""Help is instant because it imports nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import Cli

HEAVY = ("torch", "gensim", "konlpy", "numpy", "sklearn", "scipy", "tokenizers", "rich")


def imported_by(*arguments: str) -> set[str]:
    code = (
        "import sys\n"
        f"sys.argv = ['rnntool', *{list(arguments)!r}]\n"
        "from rnntool.commands import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('MODULES', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split("MODULES")[1].split()}


def test_help_imports_nothing_heavy():
    assert not imported_by("--help") & set(HEAVY)


def test_a_commands_help_imports_no_torch_gensim_konlpy_or_numpy():
    for command in (["train", "classify"], ["tokenize"], ["train-embeddings", "cbow"]):
        assert not imported_by(*command, "--help") & set(HEAVY[:4])


def test_a_one_line_answer_imports_no_torch_and_no_parser_of_yaml(tmp_path):
    (tmp_path / "x.txt").write_text("정말 재밌다\n", encoding="utf-8")
    found = imported_by("predict", "nsmc", str(tmp_path / "x.txt"))
    assert "numpy" in found
    assert not found & {"torch", "sklearn", "rich", "safetensors", "yaml"}


def test_version_and_module(cli):
    assert cli("--version").out.startswith("rnntool ")
    done = subprocess.run(
        [sys.executable, "-m", "rnntool", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("rnntool ")


def test_an_unknown_command_or_flag_is_wrong_usage_and_suggests(cli):
    result = cli("tokenise")
    assert result.code == 2
    assert "did you mean 'tokenize'" in " ".join(result.err.split())
    result = cli("train", "classify", "x", "-o", "y", "--hiden", "3")
    assert result.code == 2
    assert "--hidden" in result.err


@pytest.mark.parametrize("command", ["train lm", "train classify", "inspect-grad", "eval"])
def test_help_at_80_columns_cuts_no_flag_and_says_every_default(command, cli: Cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cli(*command.split(), "--help").out
    monkeypatch.setenv("COLUMNS", "300")
    wide = cli(*command.split(), "--help").out
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" not in narrow
    assert set(re.findall(r"--[a-z0-9-]+", narrow)) == set(re.findall(r"--[a-z0-9-]+", wide))
    assert "".join(narrow.split()) == "".join(wide.split())
