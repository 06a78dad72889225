"""`explain`: its output for a terminal, a pipe, a program and a browser, and its errors."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rnntool.inspection.attribution import Explainer
from rnntool.inspection.explain import Explained
from rnntool.inspection.explain_rows import as_lines
from rnntool.inspection.token_colours import ABOVE, BELOW, as_html, as_text, strength
from rnntool.runs.open import open_run
from tests.conftest import one_line_error
from tests.inspection.small_runs import train_small_runs

TEXT = "좋다 정말 영화 보고"
KEYS = ["text", "label", "probability", "tokens", "attributions", "running", "score",
        "baseline_score"]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return train_small_runs(tmp_path_factory.mktemp("explain"))


def records_of(result) -> list[dict]:
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


def test_json_has_the_keys_that_are_promised_and_predicts_answers(cli, runs):
    lines = f"{TEXT}\n나쁘다 영화\n"
    found = records_of(cli("explain", runs / "both", "--json", "-q", input=lines))
    answers = records_of(cli("predict", runs / "both", "--json", "-q", input=lines))
    for record, answer, text in zip(found, answers, lines.splitlines(), strict=True):
        assert list(record) == KEYS
        assert record["text"] == text
        assert record["tokens"] == text.split()
        assert record["label"] == answer["label"]
        assert record["probability"] == pytest.approx(answer["probability"], abs=1e-5)
        assert record["running"][-1][record["label"]] == record["probability"]
        total = record["score"] - record["baseline_score"]
        assert sum(record["attributions"]) == pytest.approx(total, rel=0.01)


def test_a_pipe_gets_a_row_a_token(cli, runs):
    (record,) = records_of(cli("explain", runs / "both", "--text", TEXT, "--json", "-q"))
    result = cli("explain", runs / "both", "--text", TEXT)
    heading, *rows = [line.split("\t") for line in result.out.splitlines()]
    assert heading == ["text", "label", "step", "token", "attribution", "running_label",
                       "running_probability"]  # fmt: skip
    assert [row[3] for row in rows] == TEXT.split()
    assert [float(row[4]) for row in rows] == pytest.approx(record["attributions"], abs=1e-6)
    curve = [p[record["label"]] for p in record["running"]]
    assert [float(row[6]) for row in rows] == pytest.approx(curve, abs=1e-6)
    assert "unknown to the model, read as <unk>: 보고" in result.err
    assert re.search(r"the shares lack at most 0\.\d\d% of score - baseline score", result.err)


def test_a_taggers_values_are_lists_and_one_tokens_are_plain(cli, runs):
    (record,) = records_of(cli("explain", runs / "tagger", "--text", "나는 간다", "--json"))
    assert list(record) == KEYS
    assert [len(record[key]) for key in KEYS[3:]] == [2] * 5
    assert record["running"][1][0] is None  # before the token nothing can be said of its tag
    alone = cli("explain", runs / "tagger", "--text", "나는 간다", "--json", "--token", "2")
    (one,) = records_of(alone)
    assert one["label"] == record["label"][1]
    assert one["attributions"] == record["attributions"][1]
    table = cli("explain", runs / "tagger", "--text", "나는 간다").out.splitlines()
    assert table[0].split("\t")[1] == "of"
    assert [line.split("\t")[1] for line in table[1:]] == ["1", "1", "2", "2"]
    assert table[3].split("\t")[6:] == ["", ""]


def test_a_taggers_sentences_come_from_conllu_too(cli, runs):
    found = records_of(cli("explain", runs / "tagger", runs / "tags.conllu", "--json", "-q"))
    assert len(found) == 20
    assert found[0]["tokens"] == ["나는", "간다"]


def test_a_terminal_gets_a_line_with_colours_and_bars(runs):
    explainer = Explainer(open_run(str(runs / "both")))
    part = explainer.explain(TEXT.split())
    (line,) = as_lines(Explained(1, False, [part]), "ig")
    assert line.plain.startswith(f"{part.label} {part.probability:.3f}  ")
    assert re.search(r"  [▁▂▃▄▅▆▇█]{4}  ", line.plain)
    assert TEXT in line.plain
    assert f"residual {part.residual:+.4f}" in line.plain
    most = max(range(4), key=lambda t: abs(part.attributions[t]))
    start = line.plain.index(TEXT) + sum(len(token) + 1 for token in part.tokens[:most])
    full = ABOVE if part.attributions[most] > 0 else BELOW
    styles = [str(span.style) for span in line.spans if span.start == start]
    assert styles == ["rgb(0,0,0) on rgb({},{},{})".format(*full)]


def test_colours_have_one_scale_and_their_text_is_escaped():
    assert [strength(v, 2.0) for v in (2, -1, 0.01, 5)] == [1, -0.5, 0, 1]
    assert strength(0.0, 0.0) == 0
    spans = as_html(["<script>", "\x1b[31m", 'a"b'], [1.0, -0.5, 0.0])
    assert spans.startswith('<span style="background:rgba(230,159,0,0.600)" title="+1.000 nats">')
    assert "&lt;script&gt;" in spans
    assert "\x1b" not in spans
    assert "rgba(86,180,233,0.300)" in spans
    assert "a&quot;b" in spans
    assert as_text(["a", "b"], [1, -1], between="").plain == "ab"


class Words(HTMLParser):
    """The words of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.append(tag)


def test_the_page_holds_any_text_and_needs_no_network(cli, runs, tmp_path):
    page = tmp_path / "page.html"
    texts = '<script>alert("좋다")</script> 영화 & 정말\n나쁘다 <b>\n'
    result = cli("explain", runs / "both", "--html", page, "-q", input=texts)
    assert result.code == 0, result.err
    assert result.out.count("\n") == 7  # and the rows as without a page
    found = page.read_text("utf-8")
    parsed = Words(found)
    assert "script" not in parsed.elements
    assert '<script>alert("좋다")</script>' in parsed.words
    assert not re.search(r"(src|href)=|@import|url\(", found)
    assert html.escape("<b>") in found
    assert "prefers-color-scheme: dark" in found
    assert found.count("<article>") == 2


def test_bad_input_is_one_line_that_says_what_to_do(cli, runs, tmp_path):
    run = runs / "both"
    wrong = one_line_error(cli("explain", run, "--text", TEXT, "--label", "god"))
    assert "did you mean 'good'?" in wrong
    assert "give a word" in one_line_error(cli("explain", run, "--text", "  "))
    assert "give a word" in one_line_error(cli("explain", run, "-", input="\n\n"))
    lm = one_line_error(cli("explain", runs / "lm", "--text", "hello"))
    assert "explain" in lm
    assert "trace" in lm
    assert "--token" in one_line_error(cli("explain", run, "--text", TEXT, "--token", "1"))
    far = one_line_error(cli("explain", runs / "tagger", "--text", "나는 간다", "--token", "3"))
    assert "give 1 to 2" in far
    both = cli("explain", run, runs / "train.tsv", "--text", TEXT)
    assert "exclude each other" in one_line_error(both)
    page = tmp_path / "page.html"
    assert cli("explain", run, "--text", "", "--html", page).code == 1
    assert not page.exists()


def test_rows_without_a_token_are_left_out_and_counted(cli, runs):
    result = cli("explain", runs / "both", "--json", input=f"{TEXT}\n\n나쁘다\n\n")
    assert [record["text"] for record in records_of(result)] == [TEXT, "나쁘다"]
    assert "2 rows without a token are left out, the first of them in line 2" in result.err


@pytest.mark.parametrize(("run", "imports"), [("both", False), ("tagger", False), ("cnn", True)])
def test_torch_is_imported_only_where_numpy_cannot(runs, run, imports):
    code = (
        "import sys\n"
        f"sys.argv = ['rnntool', 'explain', {str(runs / run)!r}, '--text', '좋다 영화']\n"
        "from rnntool.commands import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('torch' in sys.modules, 'rich.console' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{imports} False"


def test_methods_differ_and_each_is_said(cli, runs):
    found = {
        method: records_of(
            cli("explain", runs / "both", "--text", TEXT, "--method", method, "--json", "-q")
        )[0]
        for method in ("ig", "gradient", "leave-one-out")
    }
    assert len({tuple(record["attributions"]) for record in found.values()}) == 3
    assert len({round(record["score"], 5) for record in found.values()}) == 1
    result = cli("explain", runs / "both", "--text", TEXT, "--method", "shap")
    assert result.code == 2
    assert "leave-one-out" in result.err
