from __future__ import annotations

import json
import random

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
    cli("tokenize", "-t", "char", raw, "--force", "-o", tokens, "-q")
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


def test_near_duplicates_across_files_are_named_by_their_lines(cli: Cli, tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("something else that is here\nThis film was really a joy to watch, twice!\n")
    test.write_text("a new text of enough length\n\nthis film was really a joy to watch twice\n")
    _, report = json.loads(cli("check", train, test, "--json", "-q").out)
    assert report["overlap"] == {str(train): 0}
    assert report["near"] == {str(train): [{"line": 3, "other": 2, "similarity": 1.0}]}
    result = cli("check", train, test, "-q")
    assert "nearly in" in result.out
    assert "1 texts stand in" in result.err
    assert "(line 3 as its line 2)" in result.err
    assert "nearly" not in cli("check", train, test, "--near", 0, "-q").out


def test_labels_that_look_wrong_are_shown(cli: Cli, tmp_path):
    draw = random.Random(4)
    words = {"bad": ["dreadful", "boring", "awful"], "good": ["lovely", "moving", "great"]}
    rows = []
    for n in range(300):
        label = "good" if n % 2 else "bad"
        text = f"{draw.choice(words[label])} and {draw.choice(words[label])} film {n % 7}"
        rows.append([text, label])
    for n in (40, 101):
        rows[n][1] = {"good": "bad", "bad": "good"}[rows[n][1]]
    path = tmp_path / "x.tsv"
    path.write_text("text\tlabel\n" + "".join("\t".join(row) + "\n" for row in rows))
    (report,) = json.loads(cli("check", path, "--json", "-q").out)
    assert {one["line"] for one in report["suspects"]} == {42, 103}
    assert report["examined"] == 300
    for one in report["suspects"]:
        assert one["looks_like"] != one["label"]
        assert one["text"] == rows[one["line"] - 2][0]
    result = cli("check", path, "-q")
    assert "looks like" in result.out
    assert "2 labels of 300 look wrong to a simple model" in result.err
    assert "looks like" not in cli("check", path, "--suspects", 0, "-q").out


def test_uneven_classes_are_worth_a_warning(cli: Cli, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("text\tlabel\n" + "a\tx\n" * 90 + "b\ty\n" * 20)
    assert "the largest has 4.5 times the rows of the smallest" in cli("check", path).err
    path.write_text("text\tlabel\n" + "a\tx\n" * 90 + "b\ty\n" * 80)
    assert "uneven" not in cli("check", path).err


def test_several_labels_are_counted_each(cli: Cli, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("__label__a __label__b one\n two\n__label__a three\n")
    (report,) = json.loads(cli("check", path, "--format", "fasttext", "--json", "-q").out)
    assert report["labels"] == {"a": 2, "b": 1}
    assert report["unlabelled"] == 1
    table = tmp_path / "x.tsv"
    table.write_text("text\tlabel\none\ta|b\ntwo\tb\n")
    asked = ("check", table, "--multi-label", "--label-separator", "|", "--json", "-q")
    assert json.loads(cli(*asked).out)[0]["labels"] == {"a": 1, "b": 2}
