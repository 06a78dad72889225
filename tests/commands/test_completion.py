"""What the shell offers after a TAB: commands, subcommands, flags, their values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("rnntool")


def offered(*words: str) -> list[str]:
    """For the last of these words, as bash asks."""
    asking = {
        "_RNNTOOL_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("rnntool", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [SCRIPT], env=os.environ | asking, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tok"], ["tokenize"]),
        (["train", ""], ["classify", "lm", "bilm", "tag", "seq2seq", "caption", "forecast"]),
        (["train", "classify", "--ce"], ["--cell"]),
        (["train", "lm", "--cell", "gru"], ["gru", "gru-reset-before"]),
        (["tokenize", "-t", "k"], ["komoran", "kkma", "kiwi"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_word_that_was_begun_is_completed(words, expected):
    assert offered(*words) == expected
