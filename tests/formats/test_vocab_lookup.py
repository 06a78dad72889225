from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnntool.errors import UserError
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.vocab_lookup import open_vocabulary
from rnntool.text.vocabulary import SPECIALS, UNK_ID

HEAD = "#rnntool vocab v1 tokenizer=okt:norm min_count=2\n"
FIRST = "".join(f"{special}\t0\n" for special in SPECIALS)
GOOD = HEAD + FIRST + "영화\t30\n영\t20\n재밌\t12\n10\t4\n화\t3\n"


def write(tmp_path, content: str | bytes) -> str:
    path = tmp_path / "v.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_tokens_are_looked_up_as_in_the_whole_vocabulary(tmp_path):
    path = write(tmp_path, GOOD)
    whole = read_vocabulary(path)
    asked = [*whole.tokens, "밌", "영화\t30", "영화\t30\n영", "", "\n", "30", "\udc80", "없다"]
    expected = [*range(9), *[UNK_ID] * 8]
    found = open_vocabulary(path)
    assert found.encode(asked) == expected  # searched for
    assert found.encode(asked) == expected == whole.encode(asked)  # in the dictionary
    assert (len(found), found.tokenizer, found.min_count) == (9, "okt:norm", 2)
    assert (found.tokens, found.counts, found.ids) == (whole.tokens, whole.counts, whole.ids)
    assert found.decode([4, 8]) == ["영화", "화"]


def test_a_few_look_ups_make_no_dictionary(tmp_path):
    found = open_vocabulary(write(tmp_path, GOOD))
    found.encode(["영화", "재밌"])
    assert "_whole" not in vars(found)
    found.encode(["영화"])
    assert "_whole" in vars(found)  # many do


def test_a_token_that_stands_twice_is_refused_when_it_matters(tmp_path):
    path = write(tmp_path, GOOD + "재밌\t1\n")
    assert open_vocabulary(path).encode(["영화"]) == [4]
    for ask in (lambda found: found.encode(["재밌"]), lambda found: found.ids):
        with pytest.raises(UserError, match=":11: token '재밌' occurs twice"):
            ask(open_vocabulary(path))


LINES = [
    HEAD, FIRST, "영화\t3\n", "\t3\n", "영화\t\n", "영화 3\n", "가\t3\t4\n", "가\t3x\n", "가\t٣\n",
    "나\t3\r\n", "다\t3", "\n", "\ufeff", "라\0\t3\n", "#rnntool vocab v9\n", "<pad>\t0\n",
]  # fmt: skip


def require_the_same(path: str) -> None:
    """Both readers say the same of a file: what it holds, or what is wrong with it."""

    def read(reader):
        try:
            found = reader(path)
            return found.tokens, found.counts, found.tokenizer, found.min_count, len(found)
        except UserError as error:
            return str(error)

    def ask(reader):
        try:
            found = reader(path)
            return len(found), found.encode(["영화", "가", "나", "다", "라", "10", "<pad>"])
        except UserError as error:
            return str(error)

    assert read(open_vocabulary) == read(read_vocabulary)
    if "occurs twice" not in str(read(read_vocabulary)):  # which may be said later
        assert ask(open_vocabulary) == ask(read_vocabulary)


@settings(deadline=None)
@given(
    parts=st.lists(st.sampled_from(LINES), max_size=6),
    good=st.booleans(),
    bytes_=st.sampled_from([b"", b"\xff"]),
)
def test_whatever_the_file_holds_both_readers_say_the_same(tmp_path_factory, parts, good, bytes_):
    content = (HEAD + FIRST if good else "") + "".join(parts)
    require_the_same(write(tmp_path_factory.getbasetemp(), content.encode() + bytes_))


@pytest.mark.parametrize("line", [*LINES, b"\xff\t1\n"])
def test_one_line_that_is_wrong_is_found_at_once(tmp_path, line):
    line = line if isinstance(line, bytes) else line.encode()
    head, first, good = HEAD.encode(), FIRST.encode(), "하\t1\n".encode()
    for content in (
        line + head + first + good, head + line + first + good, head + first + line + good,
        head + first + good + line, head + line + good * 4,
    ):  # fmt: skip
        require_the_same(write(tmp_path, content))
