"""The examples that need no data run as their READMEs say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def make(example: str, target: str, tmp_path: Path, *variables: str) -> str:
    """Standard output of a target, run in a copy of the example's folder."""
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("work", "data"))
    command = ["make", "-s", "-C", str(folder), target, f"RNNTOOL={sys.executable} -m rnntool",
               f"PYTHON={sys.executable}", *variables]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def test_tagging_answers_with_a_tag_for_each_word(tmp_path):
    out = make("tagging", "tag", tmp_path)
    assert "나는\tPRON\n" in out
    assert ".\tPUNCT\n" in out


def test_the_textbooks_pair_is_learned(tmp_path):
    assert "난 널 사랑해" in make("dialogue", "love", tmp_path)


def test_the_forecast_is_scored_beside_its_baselines_and_drawn(tmp_path):
    out = make("forecast", "forecast", tmp_path)
    assert "last value" in out
    assert "year before" in out
    assert (tmp_path / "forecast" / "work" / "made-up.png").stat().st_size > 1000


def test_hello_is_written(tmp_path):
    assert "hello" in make("char-lm", "hello", tmp_path)


def test_the_worked_example_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "by-hand" / "worked_example.py")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "0.3509740057" in done.stdout


def test_gaps_offer_words_that_are_as_long(tmp_path):
    texts = [
        "이 영화 정말 좋은 배우 영화",
        "그 배우 연기 너무 좋은 감독",
        "저 감독 음악 아주 멋진 배우",
    ]
    table = tmp_path / "reviews.txt"
    table.write_text(
        "id\tdocument\n" + "".join(f"{n}\t{t}\n" for n, t in enumerate(texts)), "utf-8"
    )
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "cloze" / "gaps.py"), str(table), "9", "2"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0] == ["text", "choices", "answer"]
    assert len(rows) == 4
    for text, choices, answer in rows[1:]:
        assert text.replace("____", answer) in texts
        offered = choices.split(",")
        assert len(set(offered)) == 3
        assert answer in offered
        assert {len(word) for word in offered} == {len(answer)}


def test_the_cloze_sentences_are_filled_and_counted(cli, tmp_path):
    (tmp_path / "text").write_text("보다가 웃음이 나와서 좋은 영화\n" * 200, "utf-8")
    small = ("--hidden", 4, "--embedding-dim", 4, "--epochs", 1, "--batch-size", 4, "-q")
    run = ("-o", tmp_path / "run", "--threads", 1)
    trained = cli("train", "bilm", tmp_path / "text", *run, *small)
    assert trained.code == 0, trained.err
    sentences = EXAMPLES / "cloze" / "sentences.tsv"
    result = cli("fill", tmp_path / "run", sentences, "-q")
    assert result.code == 0, result.err
    counted = [line.split() for line in result.out.splitlines()[-3:]]
    assert [(row[0], row[2]) for row in counted] == [
        (view, "20") for view in ("forward", "backward", "both")
    ]


def test_speakers_are_told_apart_beside_a_bag_of_words(tmp_path):
    lines = "word{w} and again word{w}, number {n}\nline {n} word{w}"
    speeches = [
        f"SPEAKER {'ABCDEFGHIJ'[n % 10]}:\n{lines.format(w=n % 10, n=n)}" for n in range(200)
    ]
    text = tmp_path / "plays.txt"
    text.write_text("\n\n".join(speeches) + "\n")
    out = make("labels", "speakers", tmp_path, f"DATA={text}", "SEEDS=1,2", "COMMON=--hidden 8")
    assert "== --tokenizer char" in out
    assert "mean" in out
    assert out.count("test accuracy") == 2
    parts = tmp_path / "labels" / "work" / "speakers"
    rows = {
        name: (parts / f"{name}.tsv").read_text().splitlines()[1:] for name in ("train", "test")
    }
    numbers = {name: {row.split("number ")[-1] for row in own} for name, own in rows.items()}
    assert len(rows["train"]) == 8 * len(rows["test"])
    assert not numbers["train"] & numbers["test"]


def test_the_python_example_compares_and_asks():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "python" / "reviews.py"), "--rows", "60"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "bag of words, logistic regression" in done.stdout
    assert "<rnntool classify model" in done.stdout
    assert "재미있" in done.stdout
