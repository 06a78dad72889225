from __future__ import annotations

from collections import Counter

import pytest

from rnntool.errors import UserError
from rnntool.formats.vocab import read_vocabulary, write_vocabulary
from rnntool.text.vocabulary import UNK_ID, build_vocabulary


def test_a_vocabulary_is_ordered_by_count_then_token_and_reads_back(tmp_path):
    counts = Counter({"나": 3, "가": 3, "다": 5, "드문": 1})
    vocabulary = build_vocabulary(counts, "okt:norm", min_count=2)
    assert vocabulary.tokens == ("<pad>", "<unk>", "<bos>", "<eos>", "다", "가", "나")
    assert vocabulary.counts == (0, 1, 0, 0, 5, 3, 3)
    path = str(tmp_path / "v.tsv")
    write_vocabulary(path, vocabulary)
    assert read_vocabulary(path) == vocabulary
    assert vocabulary.encode(["가", "드문"]) == [5, UNK_ID]


def test_max_size_counts_the_specials_and_a_special_in_the_text_is_not_doubled():
    counts = Counter({"<unk>": 4, "가": 3, "나": 2})
    vocabulary = build_vocabulary(counts, "char", max_size=5)
    assert vocabulary.tokens[4:] == ("가",)
    assert vocabulary.counts[UNK_ID] == 4 + 2


def test_a_token_that_would_break_the_file_is_refused(tmp_path):
    path = tmp_path / "v.tsv"
    with pytest.raises(UserError, match="cannot be written to a vocabulary file"):
        write_vocabulary(str(path), build_vocabulary(Counter({"가\n나": 1}), "x"))
    assert not path.exists()


GOOD = "#rnntool vocab v1 tokenizer=char min_count=1\n<pad>\t0\n<unk>\t0\n<bos>\t0\n<eos>\t0\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("가\t3\n", "is not a vocabulary file"),
        (GOOD + "가 3\n", ":6: not `token TAB count`"),
        (GOOD + "가\t3\n가\t2\n", ":7: token '가' occurs twice"),
        (GOOD.split("<bos>")[0] + "가\t1\n", "does not start with the special tokens"),
        (GOOD.replace("v1", "v2"), "newer rnntool"),
    ],
)
def test_a_damaged_vocabulary_is_refused(tmp_path, content, says):
    path = tmp_path / "v.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_vocabulary(str(path))
    assert says in str(caught.value)
