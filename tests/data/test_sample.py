"""The bundled sample is what its README says."""

from __future__ import annotations

import re
from collections import Counter

from rnntool.formats.corpus import open_corpus
from tests.conftest import Cli


def rows_of(path):
    with open_corpus(str(path)) as corpus:
        assert corpus.layout.columns == ("id", "document", "label")
        return list(corpus)


def test_the_sample_is_large_balanced_and_without_repeats(cli: Cli, tmp_path):
    assert cli("data", "sample", tmp_path, "-q").code == 0
    train, test = rows_of(tmp_path / "ratings_train.txt"), rows_of(tmp_path / "ratings_test.txt")
    rows = train + test
    assert len(rows) >= 1200
    for part in (train, test):
        counts = Counter(row.label for row in part)
        assert counts["0"] == counts["1"]
    letters = [re.sub(r"[\W_]+", "", row.text) for row in rows]
    assert len(set(letters)) == len(letters)
    assert all(letters)
    assert len({row.fields[0] for row in rows}) == len(rows)
    assert max(len(row.text) for row in rows) <= 140
    openings = Counter(row.text[:6] for row in rows)
    assert openings.most_common(1)[0][1] <= 6
    text = " ".join(row.text for row in rows)
    assert all(mark in text for mark in ("ㅋㅋ", "ㅠㅠ", "...", "!"))
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"{len(rows):,} short Korean" in readme
    assert f"{len(train):,} to train on" in readme


def test_none_of_it_is_in_nsmc(real_data, cli: Cli, tmp_path):
    cli("data", "sample", tmp_path, "-q")
    rows = rows_of(tmp_path / "ratings_train.txt") + rows_of(tmp_path / "ratings_test.txt")
    ours = {re.sub(r"[\W_]+", "", row.text) for row in rows}
    for name in ("ratings_train.txt", "ratings_test.txt"):
        theirs = {re.sub(r"[\W_]+", "", row.text) for row in rows_of(real_data / "nsmc" / name)}
        assert not ours & theirs
