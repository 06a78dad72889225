from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors

from rnntool.errors import UserError
from rnntool.formats.vectors import read_vectors, write_vectors
from tests.formats.readers import fasttext_vectors


@pytest.fixture
def vectors():
    made = KeyedVectors(3)
    rows = np.random.default_rng(1).standard_normal((4, 3), dtype=np.float32)
    made.add_vectors(["영화", "좋다", "a", "é▁b"], rows)
    return made


@pytest.mark.parametrize("name", ["v.vec", "v.txt", "v.bin", "v.vec.gz"])
def test_vectors_read_back_to_the_bit_here_and_in_gensim(tmp_path, vectors, name):
    path = str(tmp_path / name)
    write_vectors(path, vectors)
    ours = read_vectors(path)
    theirs = KeyedVectors.load_word2vec_format(path, binary=name.endswith(".bin"))
    for read in (ours, theirs):
        assert read.index_to_key == vectors.index_to_key
        assert np.array_equal(read.vectors, vectors.vectors)


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("v.vec", lambda c: c[: len(c) // 2].rsplit(b"\n", 1)[0] + b"\n", "is cut off"),
        ("v.bin", lambda c: c[:-7], "cut off"),
        ("v.vec", lambda c: c.replace(b"a ", b"a 1.5 ", 1), "v.vec:4: is not a word and 3 numbers"),
        ("v.vec", lambda c: b"", "is empty"),
        ("v.vec", lambda c: b"1 2\nx nan 1\n", "the vector of 'x' is not finite"),
    ],
)
def test_damaged_vectors_are_refused(tmp_path, vectors, name, damage, says):
    path = tmp_path / name
    write_vectors(str(path), vectors)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError) as caught:
        read_vectors(str(path))
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_glove_text_has_no_first_line(tmp_path, vectors):
    path = tmp_path / "glove.txt"
    write_vectors(str(tmp_path / "v.txt"), vectors)
    path.write_bytes((tmp_path / "v.txt").read_bytes().split(b"\n", 1)[1])
    found = read_vectors(str(path))
    assert found.index_to_key == vectors.index_to_key
    np.testing.assert_array_equal(found.vectors, vectors.vectors)


def test_a_fasttext_file_cut_off_anywhere_in_its_head_and_words_is_refused_at_once(tmp_path):
    """Of such a file gensim reads the end again and again."""
    whole = fasttext_vectors()
    path = tmp_path / "v.bin"
    words = whole.index("다".encode()) + len("다".encode()) + 10
    for length in range(4, words):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="ends inside its words"):
            read_vectors(str(path))
    path.write_bytes(whole[: words + 20])  # inside its vectors: gensim says so
    with pytest.raises(UserError, match="damaged fastText file") as caught:
        read_vectors(str(path))
    assert "words" not in caught.value.what


def test_a_word_without_an_end_is_not_read_to_the_end_of_the_file(tmp_path):
    whole = fasttext_vectors()
    path = tmp_path / "v.bin"
    path.write_bytes(whole[:92] + b"x" * 5_000_000 + whole[92:])
    with pytest.raises(UserError, match="ends inside its words"):
        read_vectors(str(path))
