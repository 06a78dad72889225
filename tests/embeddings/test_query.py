from __future__ import annotations

import json

import pytest

from rnntool.embeddings.query import read_pairs, similar_spellings
from rnntool.errors import UserError
from tests.conftest import Cli, one_line_error

VECTORS = """6 2
왕 1 1
여왕 -1 1
남자 1 0
여자 -1 0
사과 0 -1
배 0.1 -1
"""


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "v.vec"
    path.write_text(VECTORS, encoding="utf-8")
    return path


def test_neighbors_are_by_cosine(cli: Cli, vectors):
    out = cli("query-embeddings", "neighbors", vectors, "사과", "왕", "-k", 1, "--json").out
    answer = json.loads(out)
    assert list(answer["사과"]) == ["배"]
    assert answer["사과"]["배"] == pytest.approx(1 / 1.01**0.5, abs=1e-6)
    assert list(answer["왕"]) == ["남자"]


def test_king_minus_man_plus_woman(cli: Cli, vectors):
    out = cli("query-embeddings", "analogy", vectors, "왕", "남자", "여자", "-k", 1, "--json").out
    assert list(json.loads(out)) == ["여왕"]


def test_similarity_is_spearmans_with_its_coverage(cli: Cli, vectors, tmp_path):
    pairs = tmp_path / "p.csv"
    pairs.write_text(
        "\ufeffword 1,word 2,score\n사과,배,9\n왕,남자,6\n왕,여자,1\n왕,없는말,5\n",
        encoding="utf-8",
    )
    answer = json.loads(cli("query-embeddings", "similarity", vectors, pairs, "--json").out)
    assert (answer["pairs"], answer["covered"], answer["coverage"]) == (4, 3, 0.75)
    assert answer["spearman"] == pytest.approx(1.0)
    assert answer["missing"] == ["없는말"]


def test_korean_wordsim_reads_as_it_is(real_data):
    pairs = read_pairs(str(real_data / "embeddings" / "WS353_korean.csv"))
    assert len(pairs) == 353
    assert pairs[0] == ("사랑", "섹스", 6.42)


def test_an_unknown_word_suggests_near_spellings(cli: Cli, vectors):
    error = one_line_error(cli("query-embeddings", "neighbors", vectors, "여욍"))
    assert "'여욍' has no vector" in error
    assert "여왕" in error


def test_spellings_are_compared_jamo_by_jamo():
    assert similar_spellings("재밋다", ["재밌다", "가나다"])[0] == "재밌다"


def test_a_line_without_a_score_is_named(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("가,나,1\n다,라\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.csv:2: not `word, word, score`"):
        read_pairs(str(path))
