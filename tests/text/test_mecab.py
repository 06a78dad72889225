"""mecab's morphemes, through whichever package binds it here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rnntool.errors import UserError
from rnntool.text import mecab
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer
from tests.conftest import needs_python_mecab_ko

ODD = ["", " ", "ㅋㅋㅠㅠ!!", "👍🏽 ☆★ éà", "x" * 500, "뷁쒧 쀍", "1,234.5%", "/"]


def tokens(text: str, *flags: str) -> list[str]:
    return make_tokenizer(TokenizerSpec("mecab", frozenset(flags))).tokenize(text)


def test_morphemes_are_the_same_whichever_package_binds_the_analyzer():
    """Written down from python-mecab-ko; its own dictionary would split the last two otherwise."""
    assert tokens("아버지가 방에 들어가신다", "pos") == [
        "아버지/NNG", "가/JKS", "방/NNG", "에/JKB", "들어가/VV", "신다/EP+EC",
    ]  # fmt: skip
    assert tokens("아 더빙.. 진짜 짜증나네요 목소리") == [
        "아", "더", "빙", ".", ".", "진짜", "짜증", "나", "네요", "목소리",
    ]  # fmt: skip
    assert tokens("너무재밓었다그래서보는것을추천한다") == [
        "너무",
        "재",
        "밓었다그래서보는것을추천한다",
    ]


@needs_python_mecab_ko
@pytest.mark.parametrize("internals", [True, False])
def test_mecab_gives_what_its_own_methods_give(monkeypatch, internals):
    from mecab import MeCab

    own = MeCab()
    reviews = (Path(mecab.__file__).parents[1] / "sample" / "ratings_train.txt").read_text()
    texts = [line.split("\t")[1] for line in reviews.splitlines()[1:300]] + ODD
    if not internals:  # as if a release had other names for them
        monkeypatch.setattr(mecab, "_python_mecab_ko", lambda written: None)
    for text in texts:
        assert tokens(text) == own.morphs(text)
        assert tokens(text, "pos") == [f"{surface}/{tag}" for surface, tag in own.pos(text)]


@needs_python_mecab_ko
def test_the_package_of_newer_pythons_is_asked_for_the_same(monkeypatch):
    """It is not installed here; both take MeCab's own options, so python-mecab-ko stands in."""
    import mecab.mecab as own

    asked = [tokens(text, *flags) for flags in ((), ("pos",)) for text in ODD]
    binding = SimpleNamespace(
        Tagger=lambda options: own._mecab.Tagger([option.decode() for option in options[1:]])
    )
    real = mecab.importlib.util.find_spec
    present = {"mecab": None, "mecab_ko": binding}
    monkeypatch.setattr(
        mecab.importlib.util, "find_spec", lambda m: present[m] if m in present else real(m)
    )
    monkeypatch.setitem(sys.modules, "mecab_ko", SimpleNamespace(_MeCab=binding))
    monkeypatch.setitem(sys.modules, "mecab_ko._MeCab", binding)
    monkeypatch.setattr(mecab, "_python_mecab_ko", None)  # calling it would fail
    assert asked == [tokens(text, *flags) for flags in ((), ("pos",)) for text in ODD]


def test_a_missing_dictionary_is_named(monkeypatch):
    monkeypatch.setattr(mecab.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(UserError, match="dictionary") as caught:
        mecab._dictionary()
    assert caught.value.hint == "pip install python-mecab-ko-dic"
