"""A folder with what examples name, and a way to run their lines quickly."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from pathlib import Path

import numpy as np

from tests.conftest import Cli, Result

# What makes a training quick; a flag given again replaces the example's own.
_SMALL = ["--hidden", "8", "--epochs", "1", "--threads", "1"]
_QUICK = {
    "train": _SMALL,
    "train classify": [*_SMALL, "--embedding-dim", "8"],
    "train forecast": [*_SMALL, "--window", "5"],
    "train-embeddings": ["--dim", "8", "--epochs", "1"],
    "search": ["--trials", "1"],
    "generate": ["--length", "5"],
}


def make_sandbox(folder: Path) -> Path:
    """The files that examples read and no example makes."""
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
    words_of_sentence = (("1", "나는", "PRON"), ("2", "간다", "VERB"))
    sentence = "".join(
        "\t".join([n, w, "_", t, *["_"] * 6]) + "\n" for n, w, t in words_of_sentence
    )
    (folder / "ko_gsd-ud-dev.conllu").write_text(f"{sentence}\n" * 20, "utf-8")
    days = (f'"1981-01-{n:02}",{20 + n % 3}\n' for n in range(1, 31))
    (folder / "daily-min-temperatures.csv").write_text("Date,Temp\n" + "".join(days), "utf-8")
    (folder / "space.yaml").write_text("hidden: [4, 8]\n", "utf-8")
    (folder / "WS353_korean.csv").write_text("영화,감동,5\n여자,남자,8\n영화,눈물,3\n", "utf-8")
    (folder / "runs").mkdir()
    return folder


def run_line(line: str, cli: Cli) -> Result:
    """Run a line of a shell in this process: one command, and what echo or printf gives it.

    Asserts that it succeeds, and that the file it names with -o is there.
    """
    before, pipe, command = re.sub(r" +# .*", "", line).rpartition(" | ")
    words = shlex.split(command)
    assert words[0] == "rnntool", line
    text = None
    if pipe:
        text = shlex.split(before)[1].replace("\\n", "\n").rstrip("\n") + "\n"
    name = " ".join(words[1:3])
    # A workflow's lines may name a file again, which a user would mean to replace.
    again = ["--force"] if "-o" in words and words[1] != "search" else []
    quick = _QUICK.get(name, _QUICK.get(words[1], []))
    result = cli(*words[1:], *quick, *again, "-q", input=text)
    assert result.code == 0, (line, result.err)
    if "-o" in words:
        assert Path(words[words.index("-o") + 1]).exists(), line
    return result
