"""`train classify` on raw text: tokenized as eval and predict do it, and not silently otherwise."""

from __future__ import annotations

import json

import pytest

from rnntool.formats.rundir import read_config
from tests.conftest import one_line_error

TEXTS = ["정말 재밌는 영화였다", "너무 지루하고 재미없다", "배우들 연기가 좋다", "아까운 영화"]
TINY = ("--hidden", 4, "--embedding-dim", 4, "--epochs", 1, "--batch-size", 8)


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "raw.tsv"
    rows = "".join(f"{text}\t{n % 2}\n" for n, text in enumerate(TEXTS * 6))
    path.write_text("document\tlabel\n" + rows, encoding="utf-8")
    return path


@pytest.mark.parametrize("tokenizer", ["char", "mecab"])
def test_raw_text_gives_the_run_that_its_tokens_give(cli, raw, tmp_path, tokenizer):
    tokens = tmp_path / "x.tok"
    assert cli("tokenize", raw, "-t", tokenizer, "-o", tokens, "-q").code == 0
    a, b = tmp_path / "a", tmp_path / "b"
    plain = ("--deterministic", "--threads", 1, "-q")
    assert cli("train", "classify", tokens, "-o", a, *TINY, *plain).code == 0
    result = cli("train", "classify", raw, "-t", tokenizer, "-o", b, *TINY, *plain)
    assert result.code == 0, result.err
    for name in ("vocab.tsv", "weights.safetensors"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    assert read_config(b).tokenizer == tokenizer


def test_subwords_of_raw_text(cli, raw, tmp_path):
    tokens, model = tmp_path / "x.tok", tmp_path / "bpe.json"
    assert cli("tokenize", raw, "-t", "whitespace", "-o", tokens, "-q").code == 0
    assert cli("build-vocab", tokens, "--subword", 40, "-o", model, "-q").code == 0
    run = tmp_path / "run"
    asked = ("train", "classify", raw, "-t", "subword", "-o", run, *TINY)
    assert "--tokenizer subword needs --subword-model" in one_line_error(cli(*asked))
    result = cli(*asked, "--subword-model", model, "--validation", raw)
    assert result.code == 0, result.err
    assert (run / "subword.json").read_bytes() == model.read_bytes()
    assert json.loads(cli("eval", run, raw, "--json", "-q").out)["documents"] == 24


def test_white_space_is_not_silent_and_another_tokenizer_is_refused(cli, raw, tmp_path):
    result = cli("train", "classify", raw, "-o", tmp_path / "run", *TINY)
    assert result.code == 0
    assert "raw text is split at white space; use --tokenizer mecab" in result.err
    tokens = tmp_path / "x.tok"
    assert cli("tokenize", raw, "-t", "char", "-o", tokens, "-q").code == 0
    error = one_line_error(cli("train", "classify", tokens, "-t", "jamo", "-o", tmp_path / "r"))
    assert "has tokens of 'char', not of 'jamo'" in error
    error = one_line_error(cli("train", "classify", raw, "-t", "mekab", "-o", tmp_path / "r"))
    assert "unknown tokenizer 'mekab'; did you mean 'mecab'?" in error


def test_labels_that_look_alike_are_warned_of(cli, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("document\tlabel\n" + "가\t1\n나\t 1\n다\t1.0\n라\t0\n" * 4)
    for command in (("check", path), ("train", "classify", path, "-o", tmp_path / "r", *TINY)):
        result = cli(*command)
        assert result.code == 0, result.err
        assert "labels that look alike: ' 1', '1', '1.0'" in result.err


def test_a_header_that_names_a_column_twice(cli, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("document\tlabel\tnote\tnote\n가\t1\ta\tb\n나\t0\ta\tb\n")
    assert "the header names the column 'note' twice" in cli("check", path).err
    path.write_text("document\tlabel\tdocument\n가\t1\tb\n나\t0\tb\n")
    error = one_line_error(cli("check", path))
    assert "the header has the column 'document' twice" in error
