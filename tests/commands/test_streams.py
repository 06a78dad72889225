"""Pipes, special files, closed streams, compressed names: both ends of a command."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from smart_open.compression import compression_wrapper

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.tag.settings import TagSettings
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error


def zstd(content: bytes) -> bytes:
    packed = io.BytesIO()
    packed.close = lambda: None  # type: ignore[method-assign]
    with compression_wrapper(packed, "wb", compression=".zst") as sink:
        sink.write(content)
    return packed.getvalue()


UNPACK = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda packed: compression_wrapper(io.BytesIO(packed), "rb", compression=".zst").read(),
}
PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_reviews(tmp_path_factory.mktemp("streams") / "train.txt", 60, 5)


@pytest.fixture(scope="module")
def run(data) -> Path:
    settings = ClassifySettings(hidden=4, embedding_dim=4, batch_size=16, epochs=1)
    out = data.parent / "run"
    tasks.train("classify", [str(data)], str(out), settings, QuietReporter())
    return out


@pytest.fixture(scope="module")
def bilm(data) -> Path:
    text = data.parent / "text.txt"
    text.write_text("가나 다라 마바\n나다 라마\n" * 30)
    settings = BiLMSettings(
        hidden=4, embedding_dim=4, batch_size=4, epochs=1, unit="word", validation="0"
    )
    out = data.parent / "bilm"
    tasks.train("bilm", [str(text)], str(out), settings, QuietReporter())
    return out


@pytest.fixture(scope="module")
def tagger(data) -> Path:
    path = data.parent / "tags.tsv"
    path.write_text("가\tN\n나\tV\n\n다\tN\n라\tV\n\n" * 8)
    settings = TagSettings(hidden=4, embedding_dim=4, batch_size=4, epochs=1)
    out = data.parent / "tagger"
    tasks.train("tag", [str(path)], str(out), settings, QuietReporter())
    return out


def shell(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command line in bash, where `$1` … are the arguments and `rnntool` is this one."""
    rnntool = f'rnntool() {{ "{sys.executable}" -m rnntool "$@"; }}; '
    line = ["bash", "-c", rnntool + command, "bash", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


# compressed names


@pytest.mark.parametrize("ending", UNPACK)
def test_every_writer_compresses_by_the_name_and_every_reader_reads_it(
    cli: Cli, data, run, tmp_path, ending
):
    assert cli("tokenize", data, "-t", "char", "-o", tmp_path / "x.tok", "-q").code == 0
    packed = tmp_path / f"x.tok{ending}"
    assert cli("tokenize", data, "-t", "char", "-o", packed, "-q").code == 0
    assert UNPACK[ending](packed.read_bytes()) == (tmp_path / "x.tok").read_bytes()
    vocabulary = tmp_path / f"v.tsv{ending}"
    assert cli("build-vocab", packed, "-o", vocabulary, "-q").code == 0
    assert UNPACK[ending](vocabulary.read_bytes()).startswith(b"#rnntool vocab")
    checked = cli("check", packed, "--vocab", vocabulary, "--json", "-q")
    assert json.loads(checked.out)[0]["unknown_rate"] == 0
    raw = tmp_path / f"raw.txt{ending}"
    raw.write_bytes(PACK[ending](data.read_bytes()))
    answers = tmp_path / f"answers.tsv{ending}"
    assert cli("predict", run, raw, "-o", answers, "-q").code == 0
    assert UNPACK[ending](answers.read_bytes()).decode() == cli("predict", run, data, "-q").out
    report = tmp_path / f"eval.json{ending}"
    wrong = tmp_path / f"wrong.tsv{ending}"
    result = cli("eval", run, raw, "--json", "-o", report, "--errors", wrong, "-q")
    assert result.code == 0
    assert result.out == ""
    assert json.loads(UNPACK[ending](report.read_bytes()))["documents"] == 60
    assert UNPACK[ending](wrong.read_bytes()).startswith(b"line\tlabel\tpredicted")


def test_the_same_content_gives_the_same_compressed_bytes(cli: Cli, data, tmp_path):
    names = [tmp_path / name for name in ("a.tok.gz", "b.tok.gz")]
    for name in names:
        cli("tokenize", data, "-t", "char", "-o", name, "-q")
        os.utime(data)
    assert names[0].read_bytes() == names[1].read_bytes()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04rest", "is a zip archive, not text; unpack it"),
        (gzip.compress(b"text\n"), "is compressed by gzip, not text; let its name end in .gz"),
        (PACK[".zst"](b"text\n"), "is compressed by zstd"),
    ],
    ids=["zip", "gzip", "zstd"],
)
def test_an_archive_is_called_one(cli: Cli, tmp_path, content, says):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    assert says in one_line_error(cli("tokenize", path, "-t", "char", "-q"))


# special files and closed streams


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", ">(cat)"])
def test_what_is_no_regular_file_is_written_to_directly(run, place):
    said = shell(f'echo 재밌다 | rnntool predict "$1" -o {place} | cat; sleep 0.3', run)
    assert said.stderr == ""
    assert len(said.stdout.splitlines()) == 1
    assert said.stdout.split("\t")[0] in ("0", "1")


def test_standard_output_that_is_appended_to_keeps_what_it_has(run, tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    shell('echo 재밌다 | rnntool predict "$1" -o /dev/stdout >> "$2"', run, log)
    assert log.read_text().startswith("before\n")
    assert len(log.read_text().splitlines()) == 2


def test_a_named_pipe_is_written_to(cli: Cli, run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    assert cli("predict", run, "-o", pipe, "-q", input="재밌다\n").code == 0
    reader.join(10)
    assert len(found[0].splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ('rnntool predict "$1" <&-', 1, "standard input: is closed"),
        ('echo 재밌다 | rnntool predict "$1" >&-', 1, "standard output: is closed"),
        ('rnntool describe "$1" >&-', 1, "standard output: is closed"),
        ('echo 재밌다 | rnntool predict "$1" 2>&-', 0, ""),
        ("rnntool predict no-such-run 2>&-", 1, ""),
    ],
)
def test_closed_streams_are_named_and_no_bug(run, command, code, says):
    said = shell(command, run)
    assert said.returncode == code
    assert says in said.stderr
    assert "bug" not in said.stderr
    assert "Traceback" not in said.stderr


def test_a_folder_as_output_is_refused(cli: Cli, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = one_line_error(cli("predict", run, "-o", ".", input="재밌다\n"))
    assert ".: is a folder; give a file name" in error


# reports into files


def test_a_report_that_fails_leaves_no_file(cli: Cli, run, data, tmp_path):
    out = tmp_path / "out.json"
    one_line_error(cli("eval", run, tmp_path / "none.txt", "--json", "-o", out))
    assert not out.exists()
    out.write_text("old")
    one_line_error(cli("eval", run, tmp_path / "none.txt", "--json", "-o", out))
    assert out.read_text() == "old"


def test_every_command_that_prints_writes_into_a_file(cli: Cli, run, data, tmp_path):
    vectors = tmp_path / "v.vec"
    vectors.write_text("3 2\n가 1 0\n나 0 1\n다 1 1\n")
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("가,나,1\n나,다,2\n가,다,3\n")
    for number, command in enumerate((
        ("eval", run, data), ("check", data), ("describe", run),
        ("inspect-grad", run, "--text", "재밌다 정말"), ("trace", run, "--text", "재밌다"),
        ("query-embeddings", "neighbors", vectors, "가"),
        ("query-embeddings", "similarity", vectors, pairs),
    )):  # fmt: skip
        out = tmp_path / f"{number}.txt"
        printed = cli(*command)
        written = cli(*command, "-o", out)
        assert written.code == printed.code == 0, written.err
        assert written.out == ""
        assert out.read_text() == printed.out != ""


# empty input, errors of encoding


def test_no_line_in_no_line_out(cli: Cli, run, bilm, tagger, tmp_path):
    for command in (
        ("predict", run), ("predict", tagger), ("embed", bilm), ("tokenize", "-t", "char"),
        ("predict", run, "--json"),
    ):  # fmt: skip
        result = cli(*command, "-q", input="")
        assert result.code == 0, result.err
        lines = [line for line in result.out.splitlines() if not line.startswith("#rnntool")]
        assert lines == []
    tokens = cli("tokenize", "-t", "char", "-q", input="").out
    assert cli("predict", run, "-q", input=tokens).code in (0, 1)  # another tokenizer may be named
    assert cli("embed", bilm, "-o", tmp_path / "e.npz", "-q", input="").code == 0
    assert "is empty" in one_line_error(cli("train", "lm", "-", "-o", tmp_path / "r", input=""))


@pytest.mark.parametrize(("mode", "second"), [("replace", "나\ufffd다"), ("skip", "")])
def test_a_wrong_byte_does_not_end_a_job(cli: Cli, run, bilm, tagger, mode, second):
    content = "가\n".encode() + b"\xeb\x82\x98\xff\xeb\x8b\xa4\n" + "마\n".encode()
    strict = one_line_error(cli("tokenize", "-t", "char", "-q", input=content))
    assert ":2: not utf-8: byte 0xff at column 4" in strict
    assert "--errors replace" in strict
    result = cli("tokenize", "-t", "char", "--errors", mode, input=content)
    assert result.code == 0
    assert result.out.splitlines()[1:] == ["가", " ".join(second), "마"]
    assert "1 lines are not in the encoding" in result.err
    for command in (("predict", run), ("embed", bilm)):
        answered = cli(*command, "--errors", mode, input=content)
        assert answered.code == 0
        assert len(answered.out.splitlines()) == 3
        assert "1 lines are not in the encoding" in answered.err
    assert cli("predict", tagger, "--errors", mode, input=content).code == 0


# answers


def test_a_tab_in_a_text_makes_no_column(cli: Cli, run):
    result = cli("predict", run, "--text", "-q", input="정말\t재밌다\n그냥\n")
    assert [len(line.split("\t")) for line in result.out.splitlines()] == [3, 3]
    assert result.out.splitlines()[0].endswith("\t정말 재밌다")
    record = cli("predict", run, "--text", "--json", "-q", input="정말\t재밌다\n").out
    assert json.loads(record)["text"] == "정말\t재밌다"


def test_a_tagger_gives_its_probabilities_in_every_form(cli: Cli, tagger):
    lines = cli("predict", tagger, "--proba", "-q", input="가 나\n").out.splitlines()
    for line in lines[:2]:
        probability = line.split("\t")[2]
        assert 0.5 <= float(probability) <= 1
    conllu = "1\t가\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n\n"
    row = cli("predict", tagger, "--proba", "-q", input=conllu).out.splitlines()[0].split("\t")
    assert len(row) == 10
    assert row[9].startswith("SpaceAfter=No|Prob=0.")
    plain = cli("predict", tagger, "-q", input=conllu).out.splitlines()[0].split("\t")
    assert plain[9] == "SpaceAfter=No"


def test_vectors_are_written_in_the_form_of_the_name(cli: Cli, bilm, tmp_path):
    text = "가나 다라\n마바\n"
    pooled = tmp_path / "e.npy"
    assert cli("embed", bilm, "--pool", "mean", "-o", pooled, "-q", input=text).code == 0
    lines = cli("embed", bilm, "--pool", "mean", "-q", input=text).out.splitlines()
    found = np.load(pooled)
    assert found.shape == (2, 8)
    expected = [json.loads(line)["vectors"][0] for line in lines]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert "give --pool mean" in one_line_error(
        cli("embed", bilm, "--force", "-o", pooled, input=text)
    )
    other = one_line_error(cli("embed", bilm, "-o", tmp_path / "e.csv", input=text))
    assert "vectors cannot be written as .csv" in other


# flags of every command


def test_errors_are_json_where_progress_is(cli: Cli):
    result = cli("predict", "no-such-run", "--log-format", "json", input="x\n")
    assert result.code == 1
    (line,) = result.err.splitlines()
    record = json.loads(line)
    assert record["event"] == "error"
    assert record["message"].startswith("no-such-run: no such run directory")


def test_the_flags_of_every_command_may_stand_before_its_name(cli: Cli, run):
    assert cli("-q", "eval", run, "none.txt").code == 1
    result = cli("--log-format", "json", "predict", "no-such-run", input="x\n")
    assert json.loads(result.err)["event"] == "error"
    loud, quiet = (cli(*flags, "tokenize", "-t", "char", input="가\n") for flags in ((), ("-q",)))
    assert "rows" in loud.err
    assert quiet.err == ""


def test_score_of_no_line_is_no_line(cli: Cli, tmp_path):
    from rnntool.tasks.lm.settings import LMSettings

    (tmp_path / "text.txt").write_text("가나 다라\n" * 40)
    lm = tmp_path / "lm"
    settings = LMSettings(hidden=4, embedding_dim=4, batch_size=4, epochs=1, bptt=4)
    tasks.train("lm", [str(tmp_path / "text.txt")], str(lm), settings, QuietReporter())
    result = cli("score", lm, "-q", input="")
    assert (result.code, result.out) == (0, "")
    content = b"\xea\xb0\x80\n\xff\n"
    answered = cli("score", lm, "--errors", "skip", input=content)
    assert len(answered.out.splitlines()) == 2
    assert "1 lines are not in the encoding" in answered.err


def test_many_unknown_words_are_a_short_line(cli: Cli, tmp_path):
    vectors, pairs = tmp_path / "v.vec", tmp_path / "pairs.csv"
    vectors.write_text("3 2\n가 1 0\n나 0 1\n다 1 1\n")
    unknown = "".join(f"모르는말{n},나,1\n" for n in range(300))
    pairs.write_text("가,나,1\n나,다,2\n가,다,3\n" + unknown)
    result = cli("query-embeddings", "similarity", vectors, pairs)
    assert "and 290 more (--json lists all)" in result.err
    found = json.loads(cli("query-embeddings", "similarity", vectors, pairs, "--json").out)
    assert len(found["missing"]) == 300


def test_the_sample_overwrites_nothing(cli: Cli, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    error = one_line_error(cli("data", "sample", tmp_path))
    assert "README.md: exists already, with other content" in error
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert cli("data", "sample", tmp_path / "new", "-q").code == 0
    assert cli("data", "sample", tmp_path / "new", "-q").code == 0  # the same once more


def test_a_long_path_widens_no_table(cli: Cli, data, tmp_path):
    place = tmp_path / ("long" * 20)
    place.mkdir()
    (place / "reviews.tsv").write_bytes(data.read_bytes())
    table = cli("check", place / "reviews.tsv", data).out
    assert max(map(len, table.splitlines())) <= 80
