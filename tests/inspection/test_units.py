"""`units`: areas under ROC curves against scikit-learn, properties by hand, pages, bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from rnntool.inspection.layer_states import open_layers
from rnntool.inspection.token_properties import built_in
from rnntool.inspection.unit_page import unit_page
from rnntool.inspection.unit_scores import areas, best_threshold, rank_correlations, ranks
from rnntool.runs.open import open_run
from tests.conftest import one_line_error
from tests.inspection.small_runs import train_small_runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = train_small_runs(tmp_path_factory.mktemp("units"))
    draw = np.random.default_rng(3)
    rows = []
    for n in range(60):
        label = ("good", "bad")[n % 2]
        words = [
            ("좋다", "나쁘다")[n % 2],
            *draw.choice(["정말", "영화", "보고"], draw.integers(0, 4)),
        ]
        rows.append(f"{' '.join(draw.permutation(words))}\t{label}\n")
    (folder / "labelled.tsv").write_text("document\tlabel\n" + "".join(rows), "utf-8")
    lines = ['hello (wor 12) "hello"', "world, hello. 3", ""] * 60
    (folder / "lines.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_areas_and_correlations_are_scikit_learns_and_scipys():
    draw = np.random.default_rng(1)
    values = draw.normal(size=(200, 40)).round(1)  # many equal ones
    values[:, 3] = 0
    target = draw.random(200) < 0.3
    found = areas(ranks(values), target)
    wanted = [roc_auc_score(target, values[:, u]) for u in range(40)]
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    numbers = draw.normal(size=200).round(1)
    found = rank_correlations(ranks(values), numbers)
    for u in (0, 1, 39):
        assert found[u] == pytest.approx(spearmanr(values[:, u], numbers).statistic)
    assert found[3] == 0


@pytest.mark.parametrize("above", [True, False])
def test_no_threshold_is_better_than_the_best(above):
    draw = np.random.default_rng(2)
    for _ in range(20):
        values, target = draw.normal(size=30).round(1), draw.random(30) < 0.5
        cut = best_threshold(values, target, above)
        tried = [t for v in values for t in (v - 0.05, v + 0.05)]
        each = [np.mean(((values > t) == target) if above else ((values > t) != target))
                for t in tried]  # fmt: skip
        assert cut.accuracy(values, target) == pytest.approx(max(each))


def test_a_labelled_files_units_are_scored_on_the_other_half(cli, runs):
    arguments = ("units", runs / "both", runs / "labelled.tsv", "--json", "--top", 2, "-q")
    result = cli(*arguments, "--test", runs / "labelled.tsv", "--pool", "last")
    found = json.loads(result.out)
    assert found["chosen_on"] == found["scored_on"] == 60
    run = open_run(str(runs / "both"))
    reader = open_layers(run)
    texts, labels = zip(
        *(line.split("\t") for line in (runs / "labelled.tsv").read_text().splitlines()[1:]),
        strict=True,
    )
    states = np.array([layers[-1][-1] for layers in reader.read([t.split() for t in texts])])
    for label in ("good", "bad"):
        truth = np.array(labels) == label
        each = np.array([roc_auc_score(truth, states[:, u]) for u in range(states.shape[1])])
        best = np.argsort(-np.abs(each - 0.5))[:2]
        rows = [row for row in found["rows"] if row["what"] == label]
        assert {row["unit"] for row in rows} == {f"1:{u}" for u in best}
        for row in rows:
            area = each[int(row["unit"][2:])]
            assert row["sign"] == ("+" if area > 0.5 else "-")
            assert row["chosen"] == pytest.approx(max(area, 1 - area), abs=1e-6)
            assert row["scored"] == pytest.approx(row["chosen"], abs=1e-6)
            assert row["accuracy"] >= row["majority"] == 0.5
    halves = json.loads(cli(*arguments).out)
    assert (halves["chosen_on"], halves["scored_on"]) == (30, 30)
    assert halves["rows"][0]["scored"] != halves["rows"][0]["chosen"]


def test_properties_are_those_of_the_text():
    line = list('a▁(b1)▁"x",')
    found = {own.name: own.lines[0].tolist() for own in built_in([line], spelled=True)}
    assert found["position in the line"] == list(range(11))
    assert found["inside brackets"] == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert found["inside quotation marks"] == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert found["digit"] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found["punctuation"] == [0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
    assert found["after a space"] == [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert found["length of the word so far"] == [1, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    nested = built_in([list("「a“b”c」d")], spelled=False)
    assert nested[0].lines[0].tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    words = {own.name: own.lines[0].tolist() for own in built_in([["영화", "."]], spelled=False)}
    assert words["length of the token"] == [2, 1]
    assert "after a space" not in words


@pytest.mark.parametrize("run", ["lm", "words", "both"])
def test_a_texts_units_follow_properties(cli, runs, run):
    result = cli("units", runs / run, runs / "lines.txt", "--json", "--top", 1)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["of"] == "tokens"
    by_name = {row["what"]: row for row in found["rows"]}
    assert by_name["position in the line"]["measure"] == "ρ"
    assert by_name["digit"]["measure"] == "AUC"
    assert 0 < found["chosen_on"] < 3000
    table = cli("units", runs / run, runs / "lines.txt", "--top", 1, "-q").out
    assert re.search(r"position in the line +1:\d+ +[+-] +ρ", table)


def test_a_property_of_ones_own(cli, runs, tmp_path):
    """A unit's own values are followed by that unit without a flaw."""
    text = runs / "lines.txt"
    shown = cli("units", runs / "lm", text, "--unit", "1:4", "-q").out.splitlines()
    assert shown[0] == "line\tstep\ttoken\tvalue"
    values: dict[int, list[str]] = {}
    for row in shown[1:]:
        line, _, _, value = row.split("\t")
        values.setdefault(int(line), []).append(value)
    count = len(text.read_text().splitlines())
    own = tmp_path / "mine.txt"
    own.write_text("".join(" ".join(values.get(n + 1, [])) + "\n" for n in range(count)))
    arguments = ("units", runs / "lm", text, "--json", "--property", own, "-q")
    rows = json.loads(cli(*arguments).out)["rows"]
    best = next(row for row in rows if row["what"] == "mine")
    assert (best["unit"], best["sign"]) == ("1:4", "+")
    assert best["scored"] > 0.999
    own.write_text("1\n" * count)
    assert f"{own}:1" in one_line_error(cli(*arguments))
    own.write_text("\n")
    assert "values" in one_line_error(cli(*arguments))


def test_lines_that_are_read_on_have_the_state_of_those_before(cli, runs, tmp_path):
    """Of two lines the second one's states are those of the whole text, line feed and all."""
    text = tmp_path / "two.txt"
    text.write_text("hello\n\nwo\n", "utf-8")
    rows = cli("units", runs / "lm", text, "--unit", "1:2", "-q").out.splitlines()[1:]
    run = open_run(str(runs / "lm"))
    whole = open_layers(run).read([[*"hello", "␊", "␊", *"wo"]])[0][-1][:, 2]
    kept = [*whole[:5], *whole[7:]]
    assert [row.split("\t")[2] for row in rows] == list("hellowo")
    np.testing.assert_allclose([float(row.split("\t")[3]) for row in rows], kept, atol=1e-5)


def test_the_page_colours_the_text_and_escapes_it(cli, runs, tmp_path):
    page = unit_page("run", "1:2", [list("<b>▁&a")], [[1, 1, 1, 0, -0.5, 0.01]], spelled=True)
    assert '<p><b class="sp10">&lt;b&gt;</b> <b class="sm5">&amp;</b>a</p>' in page
    assert ".sm5 { background:rgba(86,180,233,0.300) }" in page
    for name, more in (("one.html", ("--unit", "1:3")), ("best.html", ())):
        path = tmp_path / name
        result = cli("units", runs / "lm", runs / "lines.txt", "--html", path, *more)
        assert result.code == 0, result.err
        assert (result.out == "") == bool(more)
        assert path.read_text("utf-8").count("<p>") == 180
        assert not re.search(r"(src|href)=|url\(", path.read_text("utf-8"))


def test_a_text_from_a_pipe_is_read_once_and_has_a_page(cli, runs, tmp_path):
    """It was read again for the page, and then had no token."""
    path, text = tmp_path / "page.html", (runs / "lines.txt").read_text("utf-8")
    result = cli("units", runs / "lm", "-", "--html", path, "--top", 1, "-q", input=text)
    assert result.code == 0, result.err
    assert path.read_text("utf-8").count("<p>") == 180
    labelled = (runs / "labelled.tsv").read_text("utf-8")
    wrong = cli("units", runs / "both", "-", "--of", "texts", "--html", tmp_path / "no.html",
                input=labelled)  # fmt: skip
    assert "standard input: is read once" in one_line_error(wrong)


def test_lines_in_another_encoding_are_replaced_in_labelled_files_too(cli, runs, tmp_path):
    """--errors was read for plain text alone."""
    path = tmp_path / "mixed.tsv"
    rows = (runs / "labelled.tsv").read_bytes()
    path.write_bytes(rows + "좋다".encode() + b" \xff\tgood\n")
    assert "not utf-8" in one_line_error(cli("units", runs / "both", path))
    result = cli("units", runs / "both", path, "--errors", "replace", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["chosen_on"] + found["scored_on"] == 61
    assert "1 lines are not in the encoding" in result.err


def test_bad_input_is_one_line_that_says_what_to_do(cli, runs, tmp_path):
    text = runs / "lines.txt"
    assert "1:0 to 1:5" in one_line_error(cli("units", runs / "lm", text, "--unit", "1:9"))
    assert "1:0" in one_line_error(cli("units", runs / "lm", text, "--unit", "nine"))
    assert "no recurrent layer" in one_line_error(cli("units", runs / "cnn", text))
    labels = one_line_error(cli("units", runs / "both", text, "--of", "texts"))
    assert "label" in labels
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    assert "give a text" in one_line_error(cli("units", runs / "lm", empty))
    empty.write_text("ab\n")
    assert "too short" in one_line_error(cli("units", runs / "lm", empty))
    one = tmp_path / "one.tsv"
    one.write_text("document\tlabel\n" + "좋다\tgood\n" * 9, "utf-8")
    assert "one label" in one_line_error(cli("units", runs / "both", one))
