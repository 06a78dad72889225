"""What a hostile user found beside the first list: names of outputs, of formats, of inputs."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rnntool import tasks
from rnntool.formats.vectors import read_vectors
from rnntool.reporting import QuietReporter
from rnntool.tasks.classify.settings import ClassifySettings
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error
from tests.training.test_resume import interrupt_at

SMALL = ("--hidden", 4, "--embedding-dim", 4, "--batch-size", 8, "--epochs", 1, "-q")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_reviews(tmp_path_factory.mktemp("outputs") / "train.txt", 40, 5)


@pytest.fixture(scope="module")
def run(data) -> Path:
    settings = ClassifySettings(hidden=4, embedding_dim=4, batch_size=16, epochs=1)
    tasks.train("classify", [str(data)], str(data.parent / "run"), settings, QuietReporter())
    return data.parent / "run"


# names


def test_a_folders_name_and_no_name_are_no_file(cli: Cli, run, tmp_path):
    for command in (("predict", run), ("eval", run, "x"), ("export", run), ("tokenize",)):
        assert "is a folder's name" in one_line_error(cli(*command, "-o", f"{tmp_path}/new/"))
        assert "the output's name is empty" in one_line_error(cli(*command, "-o", ""))
    assert os.listdir(tmp_path) == []


def test_no_input_is_replaced_by_its_output(cli: Cli, run, data, tmp_path):
    path, link = tmp_path / "mine.txt", tmp_path / "link.txt"
    path.write_bytes(data.read_bytes())
    link.symlink_to(path)
    for command in (
        ("tokenize", "-t", "char", path, "-o", path), ("predict", run, path, "-o", link),
        ("eval", run, link, "-o", path), ("eval", run, path, "--errors", path),
        ("check", path, "-o", path), ("compare", run, run, path, "--rows", path),
        ("build-vocab", path, "-o", path), ("train-embeddings", "cbow", path, "-o", path),
        ("explain", run, path, "--html", link), ("units", run, path, "--html", path),
    ):  # fmt: skip
        assert "is an input" in one_line_error(cli(*command, "-q"))
    assert path.read_bytes() == data.read_bytes()


def test_no_second_output_is_overwritten_without_force(cli: Cli, run, data, tmp_path):
    text = ("--text", "정말 재밌다")
    for name, command in (
        ("errors.tsv", ("eval", run, data, "--errors")),
        ("rows.tsv", ("compare", run, run, data, "--rows")),
        ("explain.html", ("explain", run, *text, "--html")),
        ("units.html", ("units", run, data, "--html")),
        ("trace.svg", ("trace", run, *text, "--plot")),
        ("grad.svg", ("inspect-grad", run, *text, "--plot")),
    ):
        path = tmp_path / name
        path.write_text("mine")
        assert "exists already; give --force" in one_line_error(cli(*command, path, "-q"))
        assert path.read_text() == "mine"
        result = cli(*command, path, "-q", "--force")
        assert result.code == 0, result.err
        assert path.read_text() != "mine"


def test_two_outputs_of_a_command_have_two_names(cli: Cli, run, data, tmp_path):
    """The page was written, and the rows then replaced it."""
    path, same = tmp_path / "x", f"{tmp_path}/../{tmp_path.name}/x"
    for command in (
        ("explain", run, "--text", "정말 재밌다", "--html", path),
        ("units", run, data, "--html", path), ("eval", run, data, "--errors", path),
        ("compare", run, run, data, "--rows", path),
        ("trace", run, "--text", "정말 재밌다", "--plot", path),
    ):  # fmt: skip
        error = one_line_error(cli(*command, "-o", same, "-q", "--force"))
        assert "is the name of two outputs" in error
        assert not path.exists()
    words = ("eval", run, data, "--errors", "/dev/null", "-o", "/dev/null", "-q")
    assert cli(*words).code == 0  # nothing is lost there


def test_a_file_named_as_a_mode_is_no_output(cli: Cli, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("replace").write_text("정말 재밌다\n")
    assert cli("predict", run, "replace", "--errors", "replace", "-q").code == 0


def test_a_model_is_exported_into_a_pipe(cli: Cli, run, tmp_path):
    line = '"$1" -m rnntool export "$2" -o /dev/stdout -q | cat > "$3"'
    piped = tmp_path / "piped.onnx"
    done = subprocess.run(["bash", "-c", line, "bash", sys.executable, str(run), str(piped)],
                          capture_output=True, text=True)  # fmt: skip
    assert done.stderr == ""
    assert cli("export", run, "-o", tmp_path / "file.onnx", "-q").code == 0
    assert piped.read_bytes() == (tmp_path / "file.onnx").read_bytes()


def test_a_link_to_standard_output_is_standard_output(run, tmp_path):
    (tmp_path / "link").symlink_to("/dev/stdout")
    line = '(echo a; echo 재밌다 | "$1" -m rnntool predict "$2" -o link; echo b) > both'
    subprocess.run(["bash", "-c", line, "bash", sys.executable, str(run)], cwd=tmp_path, check=True)
    lines = (tmp_path / "both").read_text().splitlines()
    assert [lines[0], lines[2]] == ["a", "b"]
    assert lines[1].split("\t")[0] in ("0", "1")


def test_a_pipe_is_compressed_by_its_name_too(cli: Cli, run, tmp_path):
    pipe = tmp_path / "pipe.gz"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    assert cli("predict", run, "-o", pipe, "-q", input="재밌다\n").code == 0
    reader.join(10)
    assert len(gzip.decompress(found[0]).splitlines()) == 1


# vectors


@pytest.mark.parametrize("ending", [".gz", ".xz", ".bz2", ".zst"])
def test_compressed_fasttext_vectors_are_written_and_read(cli: Cli, data, tmp_path, ending):
    """Their n-grams stayed behind; and gensim takes compressed bytes for numbers."""
    tokens = tmp_path / "x.tok"
    assert cli("tokenize", data, "-t", "char", "-o", tokens, "-q").code == 0
    options = ("--subword", "--dim", 4, "--epochs", 1, "--buckets", 50, "--min-count", 1,
               "--threads", 1, "-q")  # fmt: skip
    for name in ("v.bin", f"v.bin{ending}"):
        result = cli("train-embeddings", "cbow", tokens, "-o", tmp_path / name, *options)
        assert result.code == 0, result.err
    plain, packed = (read_vectors(str(tmp_path / name)) for name in ("v.bin", f"v.bin{ending}"))
    assert packed.index_to_key == plain.index_to_key
    np.testing.assert_array_equal(packed.vectors, plain.vectors)
    np.testing.assert_array_equal(packed["못본말"], plain["못본말"])  # by its n-grams


def test_a_line_that_is_no_vector_is_named(cli: Cli, tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 0.1 0.2 0.3\n영화 1 2 3\n. . 0.1 0.2 0.3\n")
    error = one_line_error(cli("query-embeddings", "neighbors", path, "영화"))
    assert "glove.txt:3: is not a word and 3 numbers: '. . 0.1 0.2 0.3'" in error
    path.write_text("2 3\n영화 1 2 3\n말 1 x 3\n")
    assert "glove.txt:3: " in one_line_error(cli("query-embeddings", "neighbors", path, "영화"))


def test_an_archive_of_vectors_is_called_one(cli: Cli, data, tmp_path):
    path = tmp_path / "v.zip"
    path.write_bytes(b"PK\x03\x04rest\xff\x00")
    command = ("train", "classify", data, "--vectors", path, "-o", tmp_path / "r", *SMALL)
    assert "is a zip archive" in one_line_error(cli(*command))


def test_vectors_for_a_folder_that_is_not_there_name_it(cli: Cli, data, tmp_path):
    tokens, out = tmp_path / "x.tok", tmp_path / "no" / "x.bin"
    assert cli("tokenize", data, "-t", "char", "-o", tokens, "-q").code == 0
    error = one_line_error(cli("train-embeddings", "cbow", tokens, "--subword", "--dim", 4,
                               "--epochs", 1, "--buckets", 50, "-o", out, "-q"))  # fmt: skip
    assert "no/x.bin: cannot be written" in error
    assert "mkdir -p" in error


# words of help that help


def test_a_flag_is_advised_only_where_there_is_one(cli: Cli, run, tmp_path):
    path = tmp_path / "bad.tsv"
    path.write_bytes(b"document\tlabel\n\xff\t1\n")
    for command in (("eval", run, path), ("check", path)):
        assert "--errors" not in one_line_error(cli(*command))
    assert ", or --errors replace" in one_line_error(cli("predict", run, path))


def test_a_wrong_usage_is_json_where_errors_are(cli: Cli, run):
    for words in (
        ("predict", run, "--nope", "--log-format", "json"),
        ("--log-format=json", "train", "lm"),
        ("nosuch", "--log-format", "json"),
    ):
        result = cli(*words)
        assert result.code == 2
        (line,) = result.err.splitlines()
        assert json.loads(line)["event"] == "error"
    assert cli("describe", run, "--log-format", "json").code == 0
    assert cli("predict", "none", "--log-format", "json", input="x\n").code == 1


def test_labels_that_differ_in_case_or_width_look_alike(cli: Cli, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("document\tlabel\n가\tYes\n나\tyes\n다\tＹＥＳ\n라\tno\n")
    assert "labels that look alike: 'Yes', 'yes', 'ＹＥＳ'" in cli("check", path).err


def test_every_answer_of_an_interrupted_training_says_so(cli: Cli, data, tmp_path, monkeypatch):
    partial = tmp_path / "run.partial"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)  # in the second epoch of five steps
        arguments = ("train", "classify", data, "-o", tmp_path / "run", *SMALL)
        assert cli(*arguments, "--epochs", 3).code == 130
    for command in (("describe", partial), ("export", partial, "-o", tmp_path / "m.onnx")):
        result = cli(*command)
        assert result.code == 0, result.err
        assert "an interrupted training; the best epoch of 1 is used" in result.err
    assert " result" not in cli("describe", partial).out
    error = one_line_error(cli(*arguments, "--resume", "--epochs", 9))
    assert "cannot continue with --epochs 9 (--epochs 1 ends it with what is trained)" in error
    assert cli(*arguments, "--resume", "--epochs", 1).code == 0


# long texts


def test_a_pair_of_language_models_reads_a_text_of_one_line(cli: Cli, tmp_path):
    """What is held back has no beginning of a line in it."""
    path = tmp_path / "text.txt"
    path.write_text("가 나 다 라 마 바 사 아 " * 200 + "\n")
    result = cli("train", "bilm", path, "--lines", "--unit", "word", "--samples", 0,
                 "-o", tmp_path / "run", *SMALL)  # fmt: skip
    assert result.code == 0, result.err


def test_pairs_and_captions_that_are_too_long_are_counted(cli: Cli, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    long = "가나다라" * 300
    pairs.write_text(
        "source\ttarget\n" + "가나\t나가\n다라\t라다\n" * 10 + f"{long}\t가\n가\t{long}\n"
    )
    result = cli("train", "seq2seq", pairs, "-o", tmp_path / "a", *SMALL[:-1], "--validation", 0)
    assert result.code == 0, result.err
    assert (
        "2 pairs with a side of more than 1,000 tokens (--max-length) were left out" in result.err
    )
    assert "20 pairs for training" in result.err
    only = tmp_path / "only.tsv"
    only.write_text(f"source\ttarget\n{long}\t가\n{long}\t나\n")
    error = one_line_error(cli("train", "seq2seq", only, "-o", tmp_path / "b", *SMALL))
    assert "every pair is longer than --max-length" in error
    texts = tmp_path / "texts.txt"
    texts.write_text("가나\n" * 20 + long + "\n")
    np.save(tmp_path / "v.npy", np.random.default_rng(1).normal(size=(21, 2)))
    result = cli("train", "caption", texts, tmp_path / "v.npy", "-o", tmp_path / "c", *SMALL[:-1])
    assert result.code == 0, result.err
    assert "1 texts were cut to --max-length 200" in result.err


def test_a_very_long_sentence_is_warned_of(cli: Cli, tmp_path):
    path = tmp_path / "tags.tsv"
    path.write_text("가\tN\n나\tV\n\n" * 6 + "다\tN\n" * 4200 + "\n")
    result = cli("train", "tag", path, "-o", tmp_path / "run", *SMALL[:-1], "--validation", 0)
    assert result.code == 0, result.err
    assert "the longest text has 4,200 tokens" in result.err


# a search


def test_a_search_replaces_no_file_of_the_users(cli: Cli, data, tmp_path):
    space, base, out = tmp_path / "space.yaml", tmp_path / "base.yaml", tmp_path / "out"
    space.write_text("lr: [0.001, 0.01]\n")
    base.write_text("epochs: 1\nhidden: 4\nembedding_dim: 4\n")
    command = ("search", "classify", data, "--space", space, "--base", base, "-o", out, "-q")
    assert cli(*command, "--trials", 1).code == 0
    mine = out / "trial-0" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    error = one_line_error(cli(*command, "--trials", 2, "--resume"))
    assert "trial-0: contains files that no training wrote (notes.txt)" in error
    assert mine.read_text() == "mine"
