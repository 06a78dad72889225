"""What Okt's splitter asks Java for; that its tokens are Okt's is tested in test_konlpy.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rnntool.text import okt
from rnntool.text.okt import OktSplitter
from rnntool.text.spec import TokenizerSpec

LONG = "가" * 33


@pytest.fixture
def asked(monkeypatch):
    """The pieces of each call into Java, in which every piece is two nouns: itself and an x."""
    calls: list[list[str]] = []

    def pieces(jki, stem):
        def analyze(given):
            if given:
                calls.append(given)
            return [[f"{piece}/Noun", "x/Noun"] for piece in given]

        return analyze

    monkeypatch.setattr(okt, "okt_pieces", pieces)
    return calls


def splitter(*flags: str) -> OktSplitter:
    normalize = lambda text: text.replace("욬", "요")  # noqa: E731
    jki = SimpleNamespace(normalize=normalize)
    return OktSplitter(SimpleNamespace(jki=jki), TokenizerSpec("okt", frozenset(flags)))


def test_new_pieces_of_all_texts_are_asked_for_at_once_and_never_again(asked):
    split = splitter()
    assert split.many(["가 나!", "", "나 가"]) == [
        ["가", "x", "나", "x", "!", "x"], [], ["나", "x", "가", "x"],
    ]  # fmt: skip
    assert asked == [["가", "나", "!"]]
    assert split("가 다") == ["가", "x", "다", "x"]
    assert asked[1:] == [["다"]]


def test_long_pieces_are_not_remembered(asked):
    split = splitter()
    assert split(f"{LONG} {LONG}") == [LONG, "x"] * 2
    assert split(LONG) == [LONG, "x"]
    assert asked == [[LONG], [LONG]]


def test_what_is_remembered_has_a_bound_and_is_still_right_beyond_it(asked, monkeypatch):
    monkeypatch.setattr(okt, "_REMEMBERED", 2)
    split = splitter()
    for text in ("가 나 다", "가 라", "가"):
        assert split(text) == [token for word in text.split() for token in (word, "x")]
    assert asked == [["가", "나", "다"], ["라"], ["가"]]


def test_a_text_is_normalized_before_it_is_cut_and_tags_are_kept(asked):
    assert splitter("norm", "pos")("되나욬") == ["되나요/Noun", "x/Noun"]
    assert asked == [["되나요"]]
