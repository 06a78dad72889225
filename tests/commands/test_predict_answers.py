"""What `predict` writes: columns by name, the input's own kept, JSON lines in and out."""

from __future__ import annotations

import csv
import io
import json

import pytest

from rnntool.tasks.classify.decision import decide, decide_each
from tests.commands.test_workflow import corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]

TSV = "id\tdocument\tlabel\n7\t영화 최고\t1\n8\t\t0\n9\t정말 최악\t0\n"


@pytest.fixture
def predict(cli: Cli, trained):
    def run(*options: object, input: str) -> list[list[str]]:
        result = cli("predict", trained / "run", "-q", *options, input=input)
        assert result.code == 0, result.err
        return [line.split("\t") for line in result.out.splitlines()]

    return run


def test_every_label_has_a_column_of_its_own(predict):
    lines = predict("--all", input="영화 최고\n정말 최악\n")
    assert lines[0] == ["label", "0", "1"]
    assert len(lines) == 1 + 2
    assert [row[0] for row in lines[1:]] == ["1", "0"]
    for row in lines[1:]:
        assert sum(map(float, row[1:])) == pytest.approx(1, abs=2e-6)
    assert predict("--all", "--no-header", input="영화 최고\n") == lines[1:2]


def test_the_likeliest_labels_in_their_order(predict):
    (row,) = predict("--top", 5, input="정말 최악\n")
    assert row[0::2] == ["0", "1"]
    assert float(row[1]) > float(row[3])
    assert sum(map(float, row[1::2])) == pytest.approx(1, abs=2e-6)
    (kept,) = predict("--top", 1, input="정말 최악\n")
    assert kept == row[:2]


def test_an_unsure_answer_gives_way_to_another_label(predict):
    plain = predict(input="영화 최고\n\n")
    p = [float(row[1]) for row in plain]
    between = (max(p) + min(p)) / 2
    rows = predict("--threshold", between, "--otherwise", "unsure", input="영화 최고\n\n")
    assert [row[0] for row in rows] == [
        label if float(own) >= between else "unsure" for label, own in plain
    ]
    assert {"unsure"} < {row[0] for row in rows}
    assert [row[1] for row in rows] == [row[1] for row in plain]
    assert [row[0] for row in predict("--threshold", 1, input="\n")] == [""]


def test_a_table_keeps_its_columns_and_its_header(predict):
    lines = predict("--keep", "--format", "tsv", input=TSV)
    assert lines[0] == ["id", "document", "label", "predicted", "probability"]
    assert ["\t".join(line[:3]) for line in lines] == TSV.splitlines()
    assert [line[3] for line in lines[1:]][::2] == ["1", "0"]
    assert predict("--keep", "--no-header", "--format", "tsv", input=TSV) == lines[1:]
    lines = predict("--keep", "--all", "--format", "tsv", input=TSV)
    assert lines[0] == ["id", "document", "label", "predicted", "0", "1"]
    lines = predict("--keep", "--top", 2, "--format", "tsv", input=TSV)
    assert lines[0][3:] == ["predicted", "probability", "predicted_2", "probability_2"]


def test_csv_stays_csv(predict, cli: Cli, trained):
    table = 'text,predicted\n"영화, ""최고""\n둘째 줄",x\n'
    out = cli("predict", trained / "run", "-q", "--keep", "--format", "csv", input=table).out
    header, row = csv.reader(io.StringIO(out))
    assert header == ["text", "predicted", "predicted_2", "probability"]
    assert row[:2] == ['영화, "최고"\n둘째 줄', "x"]


def test_json_lines_in_and_out(cli: Cli, trained):
    given = [{"text": "영화 최고\n", "label": 1, "meta": {"a": [1, None]}}, {"text": None}]
    lines = "".join(json.dumps(record) + "\n" for record in given)
    asked = ("predict", trained / "run", "-q", "--keep", "--format", "jsonl")
    found = [json.loads(line) for line in cli(*asked, input=lines).out.splitlines()]
    assert len(found) == 2
    for record, answer in zip(given, found, strict=True):
        assert {**answer, **record} == answer
        assert list(answer)[: len(record)] == list(record)
        assert {"predicted", "probability"} < set(answer)
    asked = ("predict", trained / "run", "-q", "--json", "--all", "--top", 2)
    (answer,) = [json.loads(line) for line in cli(*asked, input="영화 최고\n").out.splitlines()]
    assert set(answer) == {"label", "probability", "probabilities", "top"}
    assert answer["top"][0] == {"label": answer["label"], "probability": answer["probability"]}
    assert set(answer["probabilities"]) == {"0", "1"}


def test_plain_lines_keep_their_text(predict):
    (row,) = predict("--keep", input="영화\t최고\n")
    assert row[0] == "영화 최고"
    assert row[1] == "1"


def test_files_of_other_columns_are_not_mixed(cli: Cli, trained, tmp_path):
    (tmp_path / "a.tsv").write_text("text\tid\n영화\t1\n")
    (tmp_path / "b.tsv").write_text("id\ttext\n1\t영화\n")
    result = cli("predict", trained / "run", "-q", "--keep", tmp_path / "a.tsv", tmp_path / "b.tsv")
    assert "b.tsv: has other columns than the first input" in one_line_error(result)
    both = cli("predict", trained / "run", "-q", tmp_path / "a.tsv", tmp_path / "b.tsv").out
    assert len(both.splitlines()) == 2


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--otherwise", "x"), "--otherwise needs --threshold"),
        (("--top", 2, "--all"), "--top and --all write other columns"),
    ],
)
def test_flags_that_exclude_each_other(cli: Cli, trained, flags, says):
    assert says in one_line_error(cli("predict", trained / "run", *flags, input="영화\n"))


def test_decisions():
    assert decide(["a", "b"], [0.4, 0.6]) == (["b"], [0.6])
    assert decide(["a", "b"], [0.4, 0.6], 0.7) == ([""], [0.6])
    assert decide(["a", "b"], [0.4, 0.6], 0.6, "x") == (["b"], [0.6])
    each = [0.5, 0.9, 0.1]
    assert decide_each(["a", "b", "c"], each) == (["b", "a"], [0.9, 0.5])
    assert decide_each(["a", "b", "c"], each, 0.6) == (["b"], [0.9])
    assert decide_each(["a", "b", "c"], each, 0.95) == ([], [])
    assert decide_each(["a", "b", "c"], each, 0.95, "x") == (["x"], [0.9])
