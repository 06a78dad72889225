from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.models.fasttext import load_facebook_vectors

from rnntool.embeddings.matrix import load_matrix
from rnntool.formats.vocab import read_vocabulary
from tests.conftest import Cli, one_line_error

LINES = ["영화 재미 있다", "영화 재미 없다", "배우 연기 좋다", "배우 연기 별로"] * 60


@pytest.fixture
def tokens(tmp_path, cli: Cli):
    path = tmp_path / "x.tok"
    result = cli("tokenize", "-t", "whitespace", "-o", path, "-q", input="\n".join(LINES))
    assert result.code == 0
    return path


FAST = ["--dim", 8, "--epochs", 2, "--min-count", 1, "--threads", 1, "-q"]


@pytest.mark.parametrize("kind", ["cbow", "skipgram"])
def test_vectors_are_those_of_gensim_called_directly(cli: Cli, tokens, tmp_path, kind):
    from gensim.models import Word2Vec

    from rnntool.embeddings.train import stable_hash

    ours = tmp_path / "v.vec"
    assert cli("train-embeddings", kind, tokens, *FAST, "-o", ours).code == 0
    plain = tmp_path / "plain.txt"
    plain.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    model = Word2Vec(
        corpus_file=str(plain), vector_size=8, epochs=2, min_count=1, workers=1, seed=1, window=5,
        sg=int(kind == "skipgram"), negative=5, sample=0.001, hashfxn=stable_hash,
    )  # fmt: skip
    read = KeyedVectors.load_word2vec_format(str(ours))
    assert set(read.index_to_key) == {word for line in LINES for word in line.split()}
    for word in read.index_to_key:
        assert np.array_equal(read[word], model.wv[word])


def test_one_thread_gives_the_same_bytes_whatever_pythons_hash_seed(tokens, tmp_path):
    contents = []
    for hash_seed in ("1", "2"):
        out = tmp_path / f"{hash_seed}.bin"
        command = [sys.executable, "-m", "rnntool", "train-embeddings", "cbow", str(tokens),
                   *map(str, FAST), "-o", str(out)]  # fmt: skip
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        contents.append(out.read_bytes())
    assert contents[0] == contents[1]


def test_subword_vectors_keep_their_ngrams_and_fill_the_unseen(cli: Cli, tokens, tmp_path):
    path, vocab = tmp_path / "ft.bin", tmp_path / "v.tsv"
    options = ["--subword", "--buckets", 500]
    assert cli("train-embeddings", "skipgram", tokens, *FAST, *options, "-o", path).code == 0
    theirs = load_facebook_vectors(str(path))
    other = tmp_path / "other.tok"
    cli("tokenize", "-t", "whitespace", "-o", other, "-q", input="영화관 재미 있었다\n")
    cli("build-vocab", other, "-o", vocab, "-q")
    vocabulary = read_vocabulary(str(vocab))
    matrix = load_matrix(str(path), vocabulary)
    row = vocabulary.ids["영화관"]
    assert matrix.composed[row]
    assert not matrix.known[row]
    assert np.allclose(matrix.weights[row], theirs["영화관"], atol=1e-6)
    assert np.abs(matrix.weights[row]).sum() > 0
    assert "2 types composed of n-grams" in matrix.coverage_report()


def test_a_matrix_has_known_rows_random_rows_and_a_zero_row(cli: Cli, tokens, tmp_path):
    vectors, vocab = tmp_path / "v.vec", tmp_path / "v.tsv"
    cli("train-embeddings", "cbow", tokens, *FAST, "-o", vectors)
    mixed = tmp_path / "mixed.tok"
    cli("tokenize", "-t", "whitespace", "-o", mixed, "-q", input="영화 영화 영화 처음\n")
    cli("build-vocab", mixed, "-o", vocab, "-q")
    vocabulary = read_vocabulary(str(vocab))
    matrix = load_matrix(str(vectors), vocabulary, seed=1)
    read = KeyedVectors.load_word2vec_format(str(vectors))
    assert np.array_equal(matrix.weights[vocabulary.ids["영화"]], read["영화"])
    assert not matrix.weights[0].any()
    assert matrix.weights[vocabulary.ids["처음"]].any()
    report = matrix.coverage_report()
    assert "1 of 2 types (50.00%), 75.00% of the tokens; 1 types start at random" in report
    assert np.array_equal(matrix.weights, load_matrix(str(vectors), vocabulary, seed=1).weights)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--min-count", 500], "try a smaller --min-count"),
        (["--hs"], "--hs and --negative exclude each other"),
        (["--negative", 0], "give --hs"),
        (["--subword", "--min-n", 6], "--min-n 6 is above --max-n 5"),
    ],
)
def test_settings_that_cannot_work_are_refused(cli: Cli, tokens, tmp_path, options, says):
    out = tmp_path / "v.vec"
    error = one_line_error(cli("train-embeddings", "cbow", tokens, *options, "-o", out))
    assert says in error
    assert not out.exists()


def test_a_long_text_is_not_cut_as_gensim_would(cli: Cli, tmp_path):
    """gensim drops what a sentence has beyond 10,000 tokens."""
    path, out = tmp_path / "x.txt", tmp_path / "v.vec"
    path.write_text("가 나 " * 6000 + "끝 끝 끝\n", encoding="utf-8")
    result = cli("train-embeddings", "cbow", path, *FAST[:-1], "-o", out)
    assert result.code == 0
    assert "12,003 tokens" in result.err
    assert "has no header with a tokenizer" in result.err
    assert "끝" in KeyedVectors.load_word2vec_format(str(out))
