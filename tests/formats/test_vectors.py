from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors

from rnntool.errors import UserError
from rnntool.formats.vectors import read_vectors, write_vectors


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
        ("v.vec", lambda c: c.replace(b"a ", b"a 1.5 ", 1), "not word2vec text"),
        ("v.vec", lambda c: c.split(b"\n", 1)[1], "not word2vec text"),
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
