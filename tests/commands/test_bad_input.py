"""Every bad input: exit code 1, one line that says what, where and what to do, nothing left."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest

from rnntool.registry import TASKS
from rnntool.runs.inference_settings import EvaluateSettings, PredictSettings
from tests.commands.test_workflow import SMALL, corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]

TABLE = "id\tdocument\tlabel\n1\t좋다 영화\t1\n2\t나쁘다 영화\t0\n3\t좋다 또\t1\n4\t나쁘다 또\t0\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


BAD_FILES = [
    (b"", "is empty"),
    (b"id\tdocument\tlabel\n", "a header but no rows"),
    ("가\n나\n", "has no label column"),
    (TABLE.encode("cp949"), ":2: not utf-8"),
    (TABLE.replace("영화\t1", "영화 1"), ":2: 2 columns where the header has 3"),
    (TABLE.replace("2\t나", "2\t\t나"), ":3: 4 columns where the header has 3"),
    (TABLE.replace("좋다 또", "좋다\0또"), ":4: contains a NUL byte"),
    (TABLE.replace("\t0", "\t1"), "has only one label, '1'"),
    (TABLE.replace("\t0", "\t"), ":3: the label is empty"),
]


@pytest.mark.parametrize(("content", "says"), BAD_FILES)
def test_training_refuses_a_bad_file(cli: Cli, tmp_path, content, says):
    path = write(tmp_path / "train.txt", content)
    result = cli("train", "classify", path, "-o", tmp_path / "run", *SMALL)
    error = one_line_error(result)
    assert says in error
    assert str(path) in error
    assert os.listdir(tmp_path) == ["train.txt"]


@pytest.mark.parametrize("variant", ["\ufeff" + TABLE, TABLE.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_crlf_change_nothing(cli: Cli, tmp_path, variant):
    outputs = []
    for content in (TABLE, variant):
        path = write(tmp_path / "x.tsv", content)
        outputs.append(cli("tokenize", "-t", "char", path, "-q").out)
    assert outputs[0] == outputs[1]
    assert "좋 다 ▁ 영 화\t1" in outputs[0]


def test_a_missing_file_a_directory_and_a_missing_column(cli: Cli, tmp_path):
    write(tmp_path / "train.tsv", TABLE)
    error = one_line_error(cli("tokenize", tmp_path / "trian.tsv", "-q"))
    assert "no such file; did you mean" in error
    assert "is a directory" in one_line_error(cli("tokenize", tmp_path, "-q"))
    error = one_line_error(cli("check", tmp_path / "train.tsv", "--text-column", "review"))
    assert "no column 'review'" in error
    assert "expected one of: id, document, label" in error


def test_an_empty_document_stays_a_row(cli: Cli, tmp_path):
    path = write(tmp_path / "x.tsv", TABLE.replace("나쁘다 영화", ""))
    out = cli("tokenize", "-t", "mecab", path, "-q").out
    assert out.splitlines()[3] == "2\t\t0"
    assert cli("train", "classify", path, "-o", tmp_path / "run", "--epochs", 1, *SMALL).code == 0


def test_a_one_megabyte_line(cli: Cli, tmp_path, trained):
    text = "영화 최고 " * 60_000
    out = cli("tokenize", "-t", "whitespace", "-q", input=text + "\n").out
    assert len(out.splitlines()[1].split(" ")) == 120_000
    short = tmp_path / "run"
    result = cli("train", "classify", trained / "train.tok", "-o", short, "--max-length", 50,
                 "--epochs", 1, *SMALL)  # fmt: skip
    assert result.code == 0
    assert len(cli("predict", short, "-q", input=text + "\n").out.splitlines()) == 1


def test_a_label_not_seen_in_training(cli: Cli, tmp_path, trained):
    path = write(tmp_path / "x.tsv", TABLE.replace("\t0", "\t2"))
    error = one_line_error(cli("eval", trained / "run", path, "-q"))
    assert ":3: label '2' was not seen in training; expected one of: 0, 1" in error


def test_an_output_that_exists_is_refused_without_force(cli: Cli, tmp_path, trained):
    run = tmp_path / "run"
    run.mkdir()  # an empty folder is nobody's loss
    arguments = ["train", "classify", trained / "train.tok", "-o", run, "--epochs", 1, *SMALL]
    assert cli(*arguments).code == 0
    assert "exists already; give --force" in one_line_error(cli(*arguments))
    assert cli(*arguments, "--force").code == 0
    assert (run / "weights.safetensors").is_file()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda run: shutil.rmtree(run), "no such run directory"),
        (lambda run: (run / "config.yaml").unlink(), "is not a run directory"),
        (lambda run: (run / "weights.safetensors").unlink(), "is incomplete: weights.safetensors"),
        (lambda run: (run / "config.yaml").write_text("format: 9\n"), "newer rnntool"),
        (lambda run: (run / "config.yaml").write_text("a: [\n"), "damaged"),
        (lambda run: (run / "config.yaml").write_text("format: 1\n"), "task is missing"),
        (lambda run: os.truncate(run / "weights.safetensors", 900), "damaged weights"),
        (lambda run: (run / "vocab.tsv").write_text("x\n"), "not a vocabulary file"),
    ],
)
def test_a_damaged_run_directory_is_refused(cli: Cli, tmp_path, trained, damage, says):
    run = tmp_path / "run"
    shutil.copytree(trained / "run", run)
    damage(run)
    assert says in one_line_error(cli("predict", run, "-q", input="영화\n"))


def test_a_vocabulary_or_vectors_that_do_not_fit_are_refused(cli: Cli, tmp_path, trained):
    tokens = tmp_path / "char.tok"
    assert cli("tokenize", "-t", "char", "-q", "-o", tokens, input="가나\n").code == 0
    vocab = tmp_path / "char.tsv"
    assert cli("build-vocab", tokens, "-q", "-o", vocab).code == 0
    train = ["train", "classify", trained / "train.tok", "-o", tmp_path / "run", *SMALL]
    error = one_line_error(cli(*train, "--vocab", vocab))
    assert "'whitespace'" in error
    assert "'char'" in error
    other = write(tmp_path / "other.vec", "2 3\nx 1 2 3\ny 1 2 3\n")
    assert "contains no word of the vocabulary" in one_line_error(cli(*train, "--vectors", other))
    cut = write(tmp_path / "cut.vec", "3 3\n영화 1 2 3\n")
    assert "is cut off" in one_line_error(cli(*train, "--vectors", cut))
    mixed = write(tmp_path / "mixed.vec", "2 3\n영화 1 2 3\n최고 1 2\n")
    assert "mixed.vec:3: is not a word and" in one_line_error(cli(*train, "--vectors", mixed))
    assert not (tmp_path / "run").exists()


def test_raw_text_is_not_taken_for_tokens_of_the_vocabulary(cli: Cli, tmp_path):
    raw = write(tmp_path / "raw.tsv", TABLE)
    tokens, vocab = tmp_path / "x.tok", tmp_path / "v.tsv"
    assert cli("tokenize", "-t", "mecab", raw, "-o", tokens, "-q").code == 0
    assert cli("build-vocab", tokens, "-o", vocab, "-q").code == 0
    error = one_line_error(
        cli("train", "classify", raw, "--vocab", vocab, "-o", tmp_path / "run", "-q")
    )
    assert "'mecab'" in error


def test_a_read_only_place(cli: Cli, tmp_path):
    place = "/proc/x"  # where even root may not write
    if os.geteuid() != 0 or not os.path.isdir("/proc"):
        tmp_path.chmod(0o500)
        place = tmp_path / "x"
    error = one_line_error(cli("tokenize", "-t", "char", "-q", "-o", place, input="가\n"))
    assert f"{place}: cannot be written" in error


def run_rnntool(arguments: list[str], **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnntool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_a_closed_pipe_ends_quietly(tmp_path):
    path = write(tmp_path / "x.txt", "가나다\n" * 50_000)
    command = f"{sys.executable} -m rnntool tokenize -t char {path} -q | head -n 2"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "가 나 다"
    assert done.stderr == ""


def test_standard_output_is_data_alone_and_no_process_stays(tmp_path):
    done = run_rnntool(["tokenize", "-t", "mecab"], input="영화 좋다\n" * 2000)
    assert len(done.stdout.splitlines()) == 2001
    assert "2,000 rows" in done.stderr


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("eval", ("--beam", 3)),
        ("eval", ("--vectors", "v.npy")),
        ("eval", ("--dynamic",)),
        ("eval", ("--skip", 0.9)),
        ("predict", ("--beam", 3)),
        ("predict", ("--length", 10)),
    ],
)
def test_flags_of_other_tasks_are_refused_and_not_ignored(
    cli: Cli, trained, corpus, command, flags
):
    result = cli(command, trained / "run", corpus[1], *flags)
    assert f"is a run of 'classify', but {flags[0]} is for" in one_line_error(result)
    assert result.out == ""


def test_settings_name_tasks_that_there_are():
    for settings in (EvaluateSettings, PredictSettings):
        tasks = [f.metadata["tasks"] for f in dataclasses.fields(settings)]
        assert {task for own in tasks for task in own or ()} <= set(TASKS)
        assert any(tasks)
