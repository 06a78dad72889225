from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.formats.rundir import read_config
from rnntool.text import words
from rnntool.text.spec import TokenizerSpec, TokenizeSettings, spec_of
from rnntool.text.tokenizers import make_tokenizer
from tests.commands.test_workflow import SMALL
from tests.conftest import Cli, one_line_error


def split(text: str, *flags: str) -> list[str]:
    return make_tokenizer(TokenizerSpec("regex", frozenset(flags))).tokenize(text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop, it's 3.5!", ["Don't", "stop", ",", "it's", "3.5", "!"]),
        ("state-of-the-art -- yes...", ["state-of-the-art", "-", "-", "yes", ".", ".", "."]),
        ("(“Où est l’hôtel?”)", ["(", "“", "Où", "est", "l’hôtel", "?", "”", ")"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("영화가 재밌다ㅋㅋ!!", ["영화가", "재밌다ㅋㅋ", "!", "!"]),
        ("a_b 1,000 x=y", ["a_b", "1", ",", "000", "x", "=", "y"]),
        ("' - '", ["'", "-", "'"]),
        ("", []),
    ],
)
def test_words_and_signs(text, tokens):
    assert split(text) == tokens


@given(st.text(st.characters(codec="utf-8")))
def test_nothing_but_white_space_is_lost(text):
    tokens = split(text)
    assert "".join(tokens) == "".join(text.split())
    assert " ".join(tokens).split(" ") == (tokens or [""])


@given(st.text(st.characters(codec="ascii")))
def test_in_ascii_no_mark_is_needed(text):
    assert words._pattern(True).findall(text) == words._pattern(False).findall(text)


def test_marks_are_not_looked_for_in_ascii(monkeypatch):
    words._pattern.cache_clear()
    monkeypatch.setattr(words, "_marks", lambda: pytest.fail("marks in ASCII"))
    assert split("Don't stop!") == ["Don't", "stop", "!"]


def test_lower_case_and_unicode_forms():
    assert split("Ａ Cafe\u0301", "lower", "nfkc") == ["a", "café"]
    spec = spec_of(TokenizeSettings(tokenizer="regex", lower=True, normalize="nfc"))
    assert spec.identity == "regex:lower,nfc"


def test_lowercase_is_a_flag_of_tokenize(cli: Cli):
    for flag in ("--lower", "--lowercase"):
        out = cli("tokenize", "-t", "regex", flag, "-q", input="Who's there?\n").out
        assert out.splitlines()[1] == "who's there ?"


@pytest.mark.parametrize(
    ("options", "identity"),
    [
        (("-t", "regex", "--lowercase"), "regex:lower"),
        (("--lowercase", "--normalize", "nfkc"), "whitespace:lower,nfkc"),
    ],
)
def test_training_on_raw_text_notes_how_it_was_split(cli: Cli, tmp_path, options, identity):
    path = tmp_path / "x.tsv"
    path.write_text("text\tlabel\n" + "Good, GOOD.\ta\nbad! Bad\tb\n" * 20)
    run = tmp_path / "run"
    result = cli("train", "classify", path, "-o", run, "--epochs", 1, *options, *SMALL)
    assert result.code == 0, result.err
    assert read_config(run).tokenizer == identity
    known = (run / "vocab.tsv").read_text().split()
    assert "good" in known if "regex" in identity else "good," in known
    answers = cli("predict", run, "-q", input="GOOD, good.\nGood, GOOD.\n").out.splitlines()
    assert answers[0] == answers[1]


def test_a_subword_model_has_its_own(cli: Cli, tmp_path):
    result = cli("train", "classify", "x", "-o", tmp_path / "run", "-t", "subword", "--lowercase",
                 "--subword-model", "m")  # fmt: skip
    assert "are options of the tokenizer below the" in one_line_error(result)
