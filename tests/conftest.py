"""What all tests share: the command line in process, and small corpora."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from rnntool.commands import app
from rnntool.machine import short_spin

# The tests are the same on every machine. tests/test_gpu.py gives its own commands the GPUs that
# the user lets be seen; the further processes of pytest find them here.
os.environ.setdefault("RNNTOOL_TEST_GPUS", os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
os.environ["CUDA_VISIBLE_DEVICES"] = ""
short_spin()  # tests run side by side, and the command line runs in their process

# A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


# `make` installs it where it has wheels; on newer Pythons mecab-ko gives the same tokens, and
# tests/text/test_mecab.py compares both with tokens that are written down.
needs_python_mecab_ko = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="python-mecab-ko has no wheel for this Python"
)


class Result(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli() -> Cli:
    """`cli("tokenize", "-t", "char", "-", input="가나\\n")` runs a command in this process."""

    def run(*args: object, input: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=input)
        return Result(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data (RNNTOOL_DATA); the test is skipped where it is absent."""
    folder = Path(os.environ.get("RNNTOOL_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set RNNTOOL_DATA)")
    return folder


def one_line_error(result: Result) -> str:
    """The single line on standard error of a command that failed with exit code 1."""
    assert result.code == 1, result
    lines = [line for line in result.err.splitlines() if line.startswith("rnntool: error: ")]
    assert len(lines) == 1, result.err
    assert "Traceback" not in result.err
    return lines[0]
