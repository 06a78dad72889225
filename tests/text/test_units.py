"""Units of a language model: text to tokens and back."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.errors import UserError
from rnntool.tasks.lm.generate import settled
from rnntool.text.spec import parse_identity
from rnntool.text.subword import subword_spec, train_subword
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.units import Unit, unit_spec

TEXT = "값이 ▁ 없다\n\n  no\tmore␊ é\n"


@pytest.mark.parametrize("name", ["char", "jamo"])
def test_characters_and_jamo_come_back_as_they_were(name):
    spec = parse_identity(name)
    unit, tokenizer = Unit(spec), make_tokenizer(spec)
    tokens = [t for line in TEXT.split("\n")[:-1] for t in unit.line(tokenizer.tokenize(line))]
    assert unit.text(tokens) == TEXT
    assert "".join(settled(unit.text, iter(tokens))) == TEXT


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n")), max_size=5)


@pytest.mark.parametrize("name", ["char", "jamo"])
@given(lines=LINES)
def test_any_text_comes_back_whole_and_piece_by_piece(name, lines):
    text = "".join(f"{line}\n" for line in lines)
    unit, tokenizer = Unit(parse_identity(name)), make_tokenizer(parse_identity(name))
    tokens = [t for line in lines for t in unit.line(tokenizer.tokenize(line))]
    whole = text if name == "char" else unicodedata.normalize("NFC", text)
    assert unit.text(tokens) == whole
    assert "".join(settled(unit.text, iter(tokens))) == whole


@given(line=st.text(st.characters(codec="utf-8", exclude_characters="\n▁<")))
def test_subwords_of_words_come_back_with_single_spaces(line):
    model = words_model()
    spec = subword_spec(model)
    tokens = make_tokenizer(spec, model).tokenize(line)
    assert Unit(spec).text(Unit(spec).line(tokens)) == " ".join(line.split()) + "\n"


@cache
def words_model() -> bytes:
    return train_subword(Counter({"영화": 9, "영화관": 5, "재미": 7, "film": 3}), "whitespace", 30)


def test_a_jamo_that_joins_is_held_back_until_it_is_sure():
    unit = Unit(parse_identity("jamo"))
    tokens = list(make_tokenizer(unit.spec).tokenize("각하"))
    assert len(tokens) == 5
    pieces = list(settled(unit.text, iter(tokens)))
    assert "".join(pieces) == "각하"
    assert "가" not in pieces


def test_words_are_parted_by_spaces_and_lines_by_line_feeds():
    unit = Unit(unit_spec("word", None))
    tokens = [*unit.line(["a", "b"]), *unit.line([]), *unit.line(["c"])]
    assert tokens == ["a", "b", "<eos>", "<eos>", "c", "<eos>"]
    assert unit.text(tokens) == "a b\n\nc\n"


def test_documents_have_a_beginning_and_an_end():
    unit = Unit(parse_identity("char"), documents=True)
    assert unit.line(["a"]) == ["<bos>", "a", "<eos>"]
    assert unit.start == "<bos>"


def test_subword_needs_a_model():
    with pytest.raises(UserError, match="needs a model"):
        unit_spec("subword", None)
