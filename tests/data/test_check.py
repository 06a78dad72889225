from __future__ import annotations

import json

from tests.conftest import Cli, one_line_error

TRAIN = "id\tdocument\tlabel\n1\t가 나\t1\n2\t가 나\t0\n3\t\t0\n4\t다 라 마 바 사\t0\n"
TEST = "id\tdocument\tlabel\n9\t가 나\t1\n8\t하\t0\n"


def test_every_figure(cli: Cli, tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text(TRAIN, encoding="utf-8")
    test.write_text(TEST, encoding="utf-8")
    result = cli("check", train, test, "--json", "-q")
    first, second = json.loads(result.out)
    assert (first["rows"], first["empty"], first["duplicates"], first["conflicting"]) == (
        4,
        1,
        1,
        1,
    )
    assert first["labels"] == {"0": 3, "1": 1}
    assert first["lengths"] == {"0": 1, "2–3": 2, "4–7": 1}
    assert (first["longest"], first["mean_length"]) == (5, 2.25)
    assert second["overlap"] == {str(train): 1}
    table = cli("check", train, test, "-q")
    assert "texts also in" in table.out
    assert "1 texts stand in" in table.err


def test_the_unknown_rate_is_measured_against_a_vocabulary_of_the_same_tokenizer(
    cli: Cli, tmp_path
):
    raw, tokens, vocab = (tmp_path / name for name in ("r.txt", "t.tok", "v.tsv"))
    raw.write_text("가 가 나 다\n가 라\n", encoding="utf-8")
    cli("tokenize", "-t", "whitespace", raw, "-o", tokens, "-q")
    cli("build-vocab", tokens, "--min-count", 2, "-o", vocab, "-q")
    [report] = json.loads(cli("check", tokens, "--vocab", vocab, "--json", "-q").out)
    assert report["unknown_rate"] == 3 / 6
    cli("tokenize", "-t", "char", raw, "-o", tokens, "-q")
    error = one_line_error(cli("check", tokens, "--vocab", vocab))
    assert "'char'" in error
    assert "'whitespace'" in error


def test_one_label_and_a_rare_label_are_worth_a_warning(cli: Cli, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("document\tlabel\n" + "가\t1\n" * 3, encoding="utf-8")
    assert "one label only: '1'" in cli("check", path).err
    rows = "".join(f"가{i}\t{int(i == 0)}\n" for i in range(100))
    path.write_text("document\tlabel\n" + rows, encoding="utf-8")
    assert "label '1' is rare: 1 of 100 rows" in cli("check", path).err


def test_a_very_long_text_is_warned_of(cli, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("가 나\n" + "다 " * 5000 + "\n", encoding="utf-8")
    result = cli("check", path)
    assert "the longest text has 5,000 words: a training step holds all of them" in result.err
    assert "--max-length" in result.err
