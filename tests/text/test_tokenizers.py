from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.errors import UserError
from rnntool.text.normalize import fold_repeats
from rnntool.text.spec import TokenizerSpec, TokenizeSettings, parse_identity, spec_of
from rnntool.text.subword import (
    SubwordTokenizer,
    load_subword,
    subword_spec,
    train_subword,
)
from rnntool.text.tokenizers import make_tokenizer

TEXT = st.text(st.characters(codec="utf-8"))


@given(TEXT)
def test_char_tokens_give_the_text_back(text):
    tokenizer = make_tokenizer(TokenizerSpec("char"))
    tokens = tokenizer.tokenize(text)
    assert " ".join(tokens).split(" ") == (tokens or [""])
    assert not any(c in token for token in tokens for c in "\t\n\r ")
    assert tokenizer.detokenize(tokens) == text


@given(TEXT)
def test_jamo_tokens_give_the_text_back_up_to_nfc(text):
    tokenizer = make_tokenizer(TokenizerSpec("jamo"))
    tokens = tokenizer.tokenize(text)
    assert tokenizer.detokenize(tokens) == unicodedata.normalize("NFC", text)


def test_jamo_takes_syllables_apart_and_leaves_the_rest():
    tokens = make_tokenizer(TokenizerSpec("jamo")).tokenize("각 é ㅋ")
    assert tokens == ["\u1100", "\u1161", "\u11a8", "▁", "é", "▁", "ㅋ"]


def test_kiwi_splits_morphemes():
    kiwi = make_tokenizer(TokenizerSpec("kiwi", frozenset({"pos"}))).tokenize("집에 갔다")
    assert kiwi == ["집/NNG", "에/JKB", "가/VV", "었/EP", "다/EF"]


@pytest.mark.parametrize("name", ["mecab", "whitespace"])
@pytest.mark.parametrize("text", ["", " ", "\u3000\t"])
def test_a_blank_text_has_no_tokens(name, text):
    assert make_tokenizer(TokenizerSpec(name)).tokenize(text) == []


def test_normalisations_apply_in_a_fixed_order():
    spec = TokenizerSpec("whitespace", frozenset({"nfkc", "lower"}), fold=2)
    assert make_tokenizer(spec).tokenize("ＡＢＣ ㅋㅋㅋㅋ 가가") == ["abc", "ᄏᄏ", "가가"]


@given(st.text(alphabet="ab\n", max_size=30), st.integers(1, 4))
def test_folding_bounds_runs_and_keeps_their_order(text, longest):
    import itertools

    folded = fold_repeats(longest)(text)
    runs = [(c, len(list(run))) for c, run in itertools.groupby(text)]
    assert folded == "".join(c * min(n, longest) for c, n in runs)


@pytest.mark.parametrize(
    "identity",
    ["mecab", "okt:norm,stem", "kiwi:pos,lower,nfc,fold=3", "mecab|subword@0123456789ab"],
)
def test_an_identity_reads_back(identity):
    assert parse_identity(identity).identity == identity


@pytest.mark.parametrize("identity", ["mekab", "okt:nrom", "subword", "char:fold=x", ""])
def test_an_unknown_identity_is_refused(identity):
    with pytest.raises(UserError, match="unknown"):
        parse_identity(identity)


def test_options_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="char has no tags"):
        spec_of(TokenizeSettings(tokenizer="char", pos=True))
    with pytest.raises(UserError, match="--stem is an option of okt"):
        spec_of(TokenizeSettings(tokenizer="mecab", stem=True))


COUNTS = Counter(
    {"영화": 30, "영화관": 12, "재미있": 20, "재미없": 15, "어요": 25, "네요": 9, "감동": 7}
)


def test_a_subword_alphabet_of_equally_frequent_characters_is_the_same_each_time():
    counts = Counter({chr(ord("가") + n): 3 for n in range(200)})
    models = {train_subword(counts, "char", 100) for _ in range(5)}
    assert len(models) == 1


def test_subwords_split_and_join_tokens_and_are_deterministic():
    model = train_subword(COUNTS, "mecab", 40)
    assert model == train_subword(COUNTS, "mecab", 40)
    base, library = load_subword(model)
    assert base == "mecab"
    spec = subword_spec(model)
    tokenizer = SubwordTokenizer(spec, make_tokenizer(spec.base), model)
    pieces = tokenizer.split(["영화관", "재미있", "네요"])
    assert "".join(pieces) == "▁영화관▁재미있▁네요"
    assert "".join(tokenizer.split(["쀍화", "🙂", "<unk>"])) == "▁쀍화▁🙂▁<unk>"
    assert library.get_vocab_size() <= 40
    assert parse_identity(tokenizer.identity).base.identity == "mecab"


def test_a_damaged_subword_model_is_refused():
    with pytest.raises(UserError, match="not a subword model"):
        load_subword(b'{"rnntool": "vocab"}')
    with pytest.raises(UserError, match="not a subword model"):
        load_subword(b"\x00\x01")
