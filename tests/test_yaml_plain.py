"""Whatever is read without a YAML parser is what a YAML parser reads."""

from __future__ import annotations

import dataclasses
import sys
from importlib import resources
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rnntool import yaml_text
from rnntool.configuration import as_dict
from rnntool.formats.rundir import CONFIG, RunConfig, write_config
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.tasks.tag.settings import TagSettings
from rnntool.yaml_plain import NotPlainError, parse_plain

# Where YAML's readings of a word part: 1.1 against 1.2, base 60, octal, dates, signs.
WORDS = """
y Y yes NO on Off true True FALSE null Null ~ 0 00 010 0o7 0x1f 1_000 1e3 1.0e3 1.5e-03 .5 5. -0 +1
-1.5 .inf -.INF .nan 12:30 190:20:30 2026-11-26 1.2.3 = << - ? a:b a: #b a#b a,b [ ] {} [] [a]
{a:1} *a &a !!int !a | > % @ ` ' " '' 'a' 'it''s' "a" 가 가나: é 日 a/b /a C:\\ ～ x=1 f(x) 1,2
3,4,5 0.05 -7 99999999999999999999 null: ... --- 1.e5 0b1 e5 1e-05 1.0e-05 1,2.
1.2.3+cpu 1.2.3.4 12:30:45.5
"""
HASHES = [f"{begin:0<64}" for begin in ("f9", "12", "0b1", "1e5", "0x")]
TELLING = st.sampled_from([*WORDS.split(), *HASHES, "a: b", "a :b", "a #b", "a b, c", "1.5 2"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), TELLING
)
KEYS = st.one_of(
    TELLING, st.from_regex(r"[a-z_]{1,9}( [a-z0-9_]{1,3})?", fullmatch=True), st.text(max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, min_size=0, max_size=4)
    ),
    max_leaves=12,
)
INDENTS = st.sampled_from(["", " ", "  ", "    ", "\t"])
LINES = st.tuples(
    INDENTS,
    KEYS | st.just("a b"),
    st.sampled_from([":", ": ", " : ", ":  "]),
    TELLING | st.just(""),
)
ITEMS = st.tuples(INDENTS, st.sampled_from(["- ", "-", "-  "]), TELLING)


def agree(text: str) -> Any:
    """What is read without a parser, after it was compared with the parser's reading."""
    try:
        found = parse_plain(text)
    except NotPlainError:
        return None
    expected = yaml.safe_load(text)
    assert found == expected
    assert repr(found) == repr(expected)  # 1 is not True, 1.0 is not 1; the order is the same
    return found


@pytest.mark.parametrize("word", [*WORDS.split(), *HASHES, "a: b", "a :b", "a #b", "1.5 2"])
def test_a_word_is_read_as_the_parser_reads_it_or_left_to_it(word):
    for text in (f"a: {word}\n", f"{word}: 1\n", f"a:\n  b: {word}\n", f"a: '{word}'\n"):
        agree(text)


# A key without a value; steps that are too wide, odd, or in front of nothing; tabs; ends.
@pytest.mark.parametrize("text", [
    "a:\n", "a:\nb: 1\n", "a: 1\nb:\n", "a:\n  b:\nc: 1\n", "a:\n  b: 1\n   c: 2\n",
    "a: 1\n  b: 2\n",
    "a:\n    b: 1\n", "a:\n  b: 1\n    c: 2\n", "  a: 1\n", "a:\n  b: 1\n c: 2\n", "a:\n b: 1\n",
    "a:\n\tb: 1\n", "a: 1", "", "\n", "a: 1\n\nb: 2\n", "a: 1\r\nb: 2\r\n", "a: 1 \n", "a:  1\n",
    "a: b\n  c\n", "a: 1\n...\n", "---\na: 1\n", "a: 1\n---\nb: 2\n", "a: &x 1\nb: *x\n",
])  # fmt: skip
def test_a_form_that_is_not_plain_is_left_to_the_parser(text):
    assert agree(text) is None


def test_a_key_that_stands_twice_is_left_to_the_parser():
    assert agree("a: 1\na: 2\n") is None


def test_mappings_in_mappings_are_read():
    text = "a:\n  b:\n    c: 1\n  d: x y\ne: []\n"
    assert agree(text) == {"a": {"b": {"c": 1}, "d": "x y"}, "e": []}


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_what_a_parser_wrote_is_read_as_the_parser_reads_it(values):
    agree(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


@given(st.lists(LINES | ITEMS, max_size=6))
def test_what_a_person_wrote_is_read_as_the_parser_reads_it_or_left_to_it(lines):
    agree("".join("".join(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    "settings",
    [ClassifySettings, BiLMSettings, LMSettings, TagSettings, Seq2SeqSettings, ForecastSettings],
)
def test_the_settings_of_a_run_need_no_parser(settings, monkeypatch, tmp_path):
    backend = (
        "cpu fp32, oneDNN on, 2 threads (the processor multiplies bf16: AVX-512, so"
        " --precision bf16 would be faster from 64 units on)"
    )
    config = RunConfig(
        "classify", as_dict(settings()) | {"distil": ["runs/a", "runs/b"]}, "okt:norm,stem",
        {"train": {"path": "/데이터/train.tok", "sha256": "f9" * 32}},
        {"torch": "2.13.0+cpu", "rnntool": "0.1.0"}, {"loss": 4.7e-05, "backend": backend},
        compressed={"weights": "int8, a scale a row", "vocabulary before": 28000},
    )  # fmt: skip
    write_config(tmp_path, config)
    monkeypatch.setitem(sys.modules, "yaml", None)  # to import it is an error
    text = (tmp_path / CONFIG).read_text("utf-8")
    assert yaml_text.parse_yaml(text) == dataclasses.asdict(config)


@pytest.mark.parametrize("name", ["nsmc", "reviews"])
def test_a_bundled_model_needs_no_parser(name, monkeypatch):
    place = resources.files("rnntool") / "pretrained" / name / "config.yaml"
    text = place.read_text(encoding="utf-8")
    expected = yaml.safe_load(text)
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert yaml_text.parse_yaml(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a:\n- x\n- 2\nb: 1\n", {"a": ["x", 2], "b": 1}),
        ("a:\n  b:\n  - x\n  c:\n    d: 1\ne f 1:\n- null\n",
         {"a": {"b": ["x"], "c": {"d": 1}}, "e f 1": [None]}),
    ],
)  # fmt: skip
def test_lists_and_keys_of_several_words_need_no_parser(text, value):
    assert agree(text) == value


@pytest.mark.parametrize("text", ["- a\n", "a: 1\n- b\n", "a:\n  - b\n", "a:\n- b\n  c: 1\n",
                                  "a:\n- b: 1\n", "a:\n- b\n  - c\n", "a:\n  b: 1\n- c\n",
                                  "a:\n- b\nc: 1\n- d\n", "a:\n", "a:\nb: 1\n"])  # fmt: skip
def test_other_lists_are_left_to_the_parser(text):
    with pytest.raises(NotPlainError):
        parse_plain(text)
