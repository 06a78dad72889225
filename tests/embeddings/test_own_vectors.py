"""Vectors that a user brings, each form written by the program that it comes from."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.models.fasttext import save_facebook_model

from rnntool.formats.vectors import read_vectors
from tests.commands.test_workflow import SMALL
from tests.conftest import Cli

FASTTEXT = Path(__file__).parent.parent / "formats" / "fasttext"  # its README says what wrote them
SENTENCES = [["영화", "최고", "good", "film"], ["film", "bad", "영화", "최악"]] * 20
LOUD = [word for word in SMALL if word not in ("-q", "--embedding-dim", "16")] + ["--hidden", "16"]


def word2vec(path: Path, **options: object) -> KeyedVectors:
    model = Word2Vec(SENTENCES, vector_size=5, min_count=1, workers=1, seed=1)
    model.wv.save_word2vec_format(str(path), **options)
    return model.wv


def by_gensim_fasttext(path: Path) -> KeyedVectors:
    model = FastText(SENTENCES, vector_size=5, min_count=1, bucket=50, workers=1, seed=1)
    save_facebook_model(model, str(path))
    return model.wv


FILES = {
    "glove.txt": lambda path: word2vec(path, write_header=False),
    "glove.6B.txt.gz": lambda path: word2vec(path, write_header=False),
    "word2vec.txt": lambda path: word2vec(path),
    "word2vec.vec.gz": lambda path: word2vec(path),
    "word2vec.bin": lambda path: word2vec(path, binary=True),
    "word2vec.bin.gz": lambda path: word2vec(path, binary=True),
    "gensim-fasttext.bin": by_gensim_fasttext,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("own") / "train.tsv"
    rows = ["영화 최고 good\t1", "film bad 최악\t0", "신기한 films\t1"] * 10
    path.write_text("text\tlabel\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def said_by_training(cli: Cli, data: Path, vectors: Path, run: Path) -> str:
    result = cli("train", "classify", data, "--vectors", vectors, "-o", run, "--epochs", 1, *LOUD)
    assert result.code == 0, result.err
    return next(line for line in result.err.splitlines() if line.startswith(str(vectors)))


@pytest.mark.parametrize("name", FILES)
def test_gensims_files_are_recognised_and_their_coverage_is_said(cli: Cli, data, tmp_path, name):
    path = tmp_path / name
    wanted = FILES[name](path)
    found = read_vectors(str(path))
    for word in ("영화", "good", "최악"):
        np.testing.assert_allclose(found[word], wanted[word], rtol=1e-5, atol=1e-7)
    line = said_by_training(cli, data, path, tmp_path / "run")
    assert "5-dimensional vectors for 6 of 8 types (75.00%), 75.00% of the tokens" in line
    rest = "2 types composed of n-grams" if "fasttext" in name else "2 types start at random"
    assert rest in line


VECTORS = {  # as fastText itself gives them
    "영화": [0.750485, 0.098247, 0.956388, -0.722912],
    "films": [0.763624, 0.136805, -0.037362, 0.77601],
    "영화관": [0.823247, 0.016009, 0.020591, -0.131197],
}


@pytest.mark.parametrize("compressed", [False, True])
def test_fasttexts_own_binary(cli: Cli, data, tmp_path, compressed):
    path = tmp_path / ("own.bin.gz" if compressed else "own.bin")
    content = (FASTTEXT / "own.bin").read_bytes()
    path.write_bytes(gzip.compress(content) if compressed else content)
    found = read_vectors(str(path))
    for word, vector in VECTORS.items():  # words that it never saw too, from their n-grams
        np.testing.assert_allclose(found.get_vector(word), vector, atol=2e-6)
    line = said_by_training(cli, data, path, tmp_path / "run")
    assert re.search(r"4-dimensional vectors for 4 of 8 types \(50.00%\)", line)
    assert "4 types composed of n-grams" in line


def test_fasttexts_own_text(cli: Cli, data, tmp_path):
    """Each of its lines ends with a space."""
    path = Path(shutil.copy(FASTTEXT / "own.vec", tmp_path / "own.vec"))
    assert " \n" in path.read_text("utf-8")
    np.testing.assert_allclose(read_vectors(str(path))["영화"], VECTORS["영화"], rtol=1e-4)
    line = said_by_training(cli, data, path, tmp_path / "run")
    assert "4-dimensional vectors for 4 of 8 types (50.00%), 50.00% of the tokens" in line
    assert "4 types start at random" in line
