"""At a terminal: commands say when they wait for input, and do not overwrite files by mistake."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from rnntool.commands import app
from rnntool.registry import COMMANDS
from tests.commands.test_workflow import corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]


def read_until(descriptor: int, wanted: str, seconds: float = 60) -> str:
    said, until = b"", time.monotonic() + seconds
    while wanted.encode() not in said and time.monotonic() < until:
        said += os.read(descriptor, 1 << 16)
    return said.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_predict_on_a_terminal_says_that_it_waits(trained):
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rnntool", "predict", str(trained / "run")],
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    assert "waiting for lines; Ctrl-D ends them" in read_until(ours, "Ctrl-D ends them")
    os.write(ours, "영화 최고\n".encode())
    assert process.stdout.readline().startswith(b"1\t")
    os.write(ours, b"\x04")  # Ctrl-D
    assert process.wait(timeout=120) == 0
    os.close(ours)


def test_in_a_pipe_or_with_a_file_it_does_not(trained, corpus, cli: Cli):
    assert "waiting" not in cli("predict", trained / "run", input="영화\n").err
    assert "waiting" not in cli("predict", trained / "run", corpus[1]).err


def test_an_output_is_not_overwritten_without_force(cli: Cli, trained, corpus, tmp_path):
    for words in (
        ("predict", trained / "run", corpus[1]),
        ("tokenize", "-t", "char", corpus[1]),
        ("check", corpus[1]),
        ("eval", trained / "run", corpus[1]),
        ("describe", trained / "run"),
        ("build-vocab", trained / "train.tok"),
    ):
        path = tmp_path / "out.txt"
        path.write_text("mine")
        error = one_line_error(cli(*words, "-o", path, "-q"))
        assert f"{path}: exists already; give --force to replace it" in error
        assert path.read_text() == "mine"
        assert cli(*words, "-o", path, "-q", "--force").code == 0
        assert path.read_text() != "mine"


def test_an_empty_file_a_pipe_and_standard_output_lose_nothing(cli: Cli, tmp_path):
    path = tmp_path / "made-by-mktemp"
    path.touch()
    words = ("tokenize", "-t", "char", "-q")
    assert cli(*words, "-o", path, input="가나\n").code == 0
    assert path.read_text().endswith("가 나\n")
    assert "가 나" in cli(*words, "-o", "-", input="가나\n").out
    if os.path.exists("/dev/null"):
        assert cli(*words, "-o", "/dev/null", input="가나\n").code == 0


def test_every_command_with_an_output_looks_after_it():
    group = get_command(app)
    seen = 0
    for name in COMMANDS:
        whole = group.get_command(None, name)  # type: ignore[attr-defined]
        for own in getattr(whole, "commands", {"": whole}).values():
            flags = {flag for parameter in own.params for flag in parameter.opts}
            if "--output" in flags:
                seen += 1
                assert flags & {"--force", "--resume"}, (name, own.name)
    assert seen > 15


def test_the_bare_name_shows_what_there_is():
    done = subprocess.run([sys.executable, "-m", "rnntool"], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "tokenize" in done.stdout + done.stderr
