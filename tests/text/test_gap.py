"""A text with a gap, and choices split inside it."""

from __future__ import annotations

import pytest

from rnntool.errors import UserError
from rnntool.text.gap import fill_gap, split_gap
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer


def test_two_or_more_underscores_are_a_gap():
    assert split_gap("a ____ b_c", "here") == ("a ", " b_c")
    assert split_gap("__", "here") == ("", "")


@pytest.mark.parametrize(("text", "found"), [("a b", "no gap"), ("__ a ___", "2 gaps")])
def test_one_gap_is_needed(text, found):
    with pytest.raises(UserError, match=found) as caught:
        split_gap(text, "file:3")
    assert caught.value.where == "file:3"


def test_what_is_the_choices_own_lies_between_the_contexts_tokens():
    filled = fill_gap("a b ", " b a", ["b", "b b"], str.split, "here")
    assert [f.own for f in filled] == [["b"], ["b", "b"]]
    assert [(f.start, f.stop) for f in filled] == [(2, 3), (2, 4)]


def test_a_neighbour_that_one_choice_changes_belongs_to_all():
    # The second choice joins the token before it: there both choices begin.
    filled = fill_gap("go ", " on", ["now", "-go"], lambda t: t.replace(" -", "-").split(), "here")
    assert [f.own for f in filled] == [["go", "now"], ["go-go"]]
    assert {f.start for f in filled} == {0}


@pytest.mark.parametrize("name", ["char", "jamo", "mecab"])
def test_every_tokenizer_gives_the_whole_texts_tokens(name):
    tokenize = make_tokenizer(TokenizerSpec(name)).tokenize
    before, after, choices = "얼굴에 ", " 가득해서 참 다행이야", ["화색이", "슬픔이", "정색이"]
    for choice, found in zip(choices, fill_gap(before, after, choices, tokenize, "x"), strict=True):
        assert found.tokens == tokenize(before + choice + after)
        assert 0 < found.start < found.stop < len(found.tokens)
        assert "".join(found.own) in "".join(tokenize(before + choice + after))


def test_a_choice_without_a_token_is_refused():
    with pytest.raises(UserError, match="no token"):
        fill_gap("a ", " b", ["c", " "], str.split, "here")
