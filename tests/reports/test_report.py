"""A page about runs: whole, escaped, without a network, and with the figures of eval."""

from __future__ import annotations

import html
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from rnntool import tasks
from rnntool.formats.rundir import read_config
from rnntool.inspection.attribution import Explainer
from rnntool.reporting import QuietReporter
from rnntool.reports.run_facts import facts_of
from rnntool.runs.metrics import classification_report
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.forecast.settings import ForecastSettings
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.tag.settings import TagSettings
from rnntool.yaml_text import parse_yaml
from tests.conftest import one_line_error

EVIL = "<script>alert('x')</script>"
TINY = {"hidden": 5, "epochs": 2, "batch_size": 8, "threads": 1}
TEXT = {**TINY, "embedding_dim": 4}
RUNS = {
    "gru": ("classify", ClassifySettings(**TEXT, cell="gru", bidirectional=True)),
    "rnn<i>": ("classify", ClassifySettings(**TEXT, cell="rnn", pooling="last")),
    "tag": ("tag", TagSettings(**TEXT)),
    "lm": ("lm", LMSettings(**TEXT, unit="char", bptt=6)),
    "bilm": ("bilm", BiLMSettings(**TEXT, min_count=1)),
    "forecast": ("forecast", ForecastSettings(**TINY, window=4)),
}
SOURCES = {"classify": "train.tsv", "tag": "tags", "lm": "text", "bilm": "text",
           "forecast": "series.csv"}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    draw = np.random.default_rng(3)
    lines = [draw.choice(list("가나다라"), draw.integers(2, 8)).tolist() for _ in range(120)]
    lines[::7] = [[EVIL, *line] for line in lines[::7]]
    (folder / "text").write_text("".join(" ".join(line) + "\n" for line in lines), "utf-8")
    labels = ["<b>" if "가" in line and n % 9 else "no" for n, line in enumerate(lines)]
    rows = (f"{' '.join(line)}\t{label}\n" for line, label in zip(lines, labels, strict=True))
    (folder / "train.tsv").write_text("document\tlabel\n" + "".join(rows), "utf-8")
    sentences = ("".join(f"{w}\t{'A' if w < '다' else EVIL}\n" for w in line) for line in lines)
    (folder / "tags").write_text("\n".join(sentences), "utf-8")
    days = (f"1981-01-{n:02},{20 + n % 3}\n" for n in range(1, 31))
    (folder / "series.csv").write_text(f"Date,Temp {EVIL}\n" + "".join(days), "utf-8")
    for name, (task, settings) in RUNS.items():
        source = str(folder / SOURCES[task])
        tasks.train(task, [source], str(folder / name), settings, QuietReporter())
    return folder


class Page(HTMLParser):
    """A page taken apart: its tags, where they open and close, and its words."""

    VOID = ("meta", "br", "circle", "line", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.words += data if self.open[-1:] != ["style"] else ""


def page_of(cli, runs: Path, names: list[str], *options: object) -> tuple[str, Page]:
    target = runs / "page.html"
    result = cli(
        "report", *(runs / name for name in names), "-o", target, "--force", *options, "-q"
    )
    assert result.code == 0, result.err
    assert result.out == ""
    text = target.read_text("utf-8")
    page = Page(text)
    assert page.open == []
    assert len(text) < 2_000_000
    assert "script" not in page.tags
    assert "<script" not in text.lower()
    wanting = {"link", "img", "iframe", "object", "script"} & set(page.tags)
    assert not wanting
    assert not [a for a in page.attributes if a[0] in ("src", "href") or a[0].startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    return text, page


@pytest.mark.parametrize("names", [["gru"], ["gru", "rnn<i>"], ["tag"], ["lm"], ["bilm"],
                                   ["forecast"]])  # fmt: skip
def test_a_page_holds_what_eval_says(cli, runs, names):
    data = runs / SOURCES[RUNS[names[0]][0]]
    _, page = page_of(cli, runs, names, "--data", data)
    for name in names:
        figures = json.loads(cli("eval", runs / name, data, "--json", "-q").out)
        assert name in page.words
        shown = [v for v in figures.values() if isinstance(v, float)]
        if names == ["forecast"]:
            shown = [m for own in figures["figures"].values() for m in own.values()]
        assert shown
        for value in shown:
            assert f"{value:.4f}" in page.words
        for count in np.ravel(figures.get("confusion", [])):
            assert f"{count:,}" in page.words
    assert page.tags.count("svg") >= 2
    assert "Learning curves" in page.words
    if RUNS[names[0]][0] in ("classify", "lm"):
        assert "Gradient flow back through time" in page.words
    if RUNS[names[0]][0] in ("classify", "tag"):
        assert "Reliability" in page.words


def test_what_users_wrote_is_shown_and_never_run(cli, runs):
    text, page = page_of(cli, runs, ["gru"], "--data", runs / "train.tsv", "--errors", 200)
    assert "&lt;script&gt;" in text
    assert EVIL in page.words
    assert "<b>" in page.words  # a label
    text, page = page_of(cli, runs, ["tag"], "--data", runs / "tags", "--title", EVIL)
    assert page.words.count(EVIL) > 2


def test_the_errors_are_the_surest_ones_with_their_shares(cli, runs, tmp_path):
    data = runs / "train.tsv"
    text, _ = page_of(cli, runs, ["gru"], "--data", data, "--errors", 3)
    cli("eval", runs / "gru", data, "--errors", tmp_path / "errors.tsv", "-q")
    rows = [line.split("\t") for line in (tmp_path / "errors.tsv").read_text().splitlines()[1:]]
    assert len(rows) >= 3
    facts = r"line ([\d,]+)<.*?<b>([^<]*)</b>.*?<b>([^<]*)</b>.*?<b>([\d.]+)</b>"
    example = rf'class="example">.*?{facts}.*?class="tokens">(.*?)</div>'
    shown = re.findall(example, text, re.DOTALL)
    explainer = Explainer(open_run(str(runs / "gru")))
    assert len(shown) == 3
    for (line, true, answer, p, tokens), row in zip(shown, rows, strict=False):
        assert (line, html.unescape(true), html.unescape(answer)) == tuple(row[:3])
        assert float(p) == pytest.approx(float(row[3]), abs=1e-4)
        explained = explainer.explain(row[4].split(), label=row[2]).attributions
        shares = [float(v) for v in re.findall(r'title="([+-][\d.]+) nats', tokens)]
        assert shares == pytest.approx(explained, abs=1e-3)


@pytest.mark.parametrize("name", ["gru", "tag"])
def test_a_long_texts_shares_are_those_of_the_whole_answer(cli, runs, monkeypatch, name):
    """The first 80 tokens alone were explained, which is another text with another answer."""
    draw = np.random.default_rng(8)
    words = draw.choice(list("가나다라"), 300).tolist()
    run = open_run(str(runs / name))
    data, place = runs / f"long-{name}", None
    (data.with_suffix(".txt")).write_text(" ".join(words) + "\n", "utf-8")
    said = cli("predict", runs / name, data.with_suffix(".txt"), "--json", "-q")
    answer = json.loads(said.out)
    if name == "gru":
        wrong = next(label for label in run.labels if label != answer["label"])
        data.write_text(f"document\tlabel\n{' '.join(words)}\t{wrong}\n", "utf-8")
    else:  # the tag in the middle is the one error
        place, tags = 150, answer["tags"]
        tags[place] = next(label for label in run.labels if label != tags[place])
        lines = (f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True))
        data.write_text("".join(lines), "utf-8")
    text, _ = page_of(cli, runs, [name], "--data", data, "--errors", 1)
    tokens = re.search(r'class="tokens">(.*?)</div>', text, re.DOTALL)[1]
    shares = [float(v) for v in re.findall(r'title="([+-][\d.]+) nats', tokens)]
    explained = Explainer(run).explain(words, place=place).attributions
    assert shares == pytest.approx(explained, abs=1e-3)
    open_ones = re.sub(r"<details>.*?</details>", "", tokens, flags=re.DOTALL)
    assert open_ones.count("<span") == 80
    assert text.count("<summary>") in (1, 2)
    monkeypatch.setattr("rnntool.reports.examples._MOST", 299)
    text, page = page_of(cli, runs, [name], "--data", data, "--errors", 1)
    assert "300 tokens, too many to explain" in page.words
    assert "nats for the answer" not in text


def test_the_command_of_a_page_trains_such_a_run(cli, runs):
    for name, (task, _) in RUNS.items():
        text, _ = page_of(cli, runs, [name])
        command = html.unescape(re.search(r"<pre>(.*?)</pre>", text, re.DOTALL)[1])
        words = shlex.split(command)
        assert words[:3] == ["rnntool", "train", task]
        assert words[3] == str(runs / SOURCES[task])
        printed = cli(*words[1:], "--print-config")
        assert printed.code == 0, printed.err
        assert parse_yaml(printed.out) == read_config(runs / name).settings


def test_a_teacher_is_no_data_of_the_command(runs, tmp_path):
    settings = ClassifySettings(**TEXT, distil=(str(runs / "gru"),))
    run, source = str(tmp_path / "student"), str(runs / "train.tsv")
    tasks.train("classify", [source], run, settings, QuietReporter())
    words = shlex.split(facts_of(open_run(run), "student").command)
    assert words[3:6] == [source, "-o", "student"]
    assert words[words.index("--distil") + 1] == str(runs / "gru")


def test_a_taggers_confusions_are_counted_in_tokens():
    truth = np.arange(40) % 20
    wrong = 0.9 * np.eye(20)[np.roll(truth, 1)] + 0.005
    scores = classification_report(wrong, truth, list("abcdefghijklmnopqrst"))
    assert scores.confusions("tokens")[0][2] == "tokens"
    assert scores.confusions()[0][2] == "documents"


def test_runs_of_several_tasks_stand_side_by_side(cli, runs):
    _, page = page_of(cli, runs, ["gru", "lm", "forecast"])
    for words in ("classify", "perplexity", "RMSE"):
        assert words in page.words
    assert page.tags.count("svg") == 6


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        (["gru", "lm"], ["--data", "train.tsv"], "no data fit both"),
        (["gru"], ["--data", "-"], "is read once"),
        (["gru"], ["--data", "text"], "no label column"),
        (["gru", "none"], [], "no such run directory"),
    ],
)
def test_bad_input_is_one_line_and_no_page(cli, runs, monkeypatch, names, options, expected):
    monkeypatch.chdir(runs)
    assert expected in one_line_error(cli("report", *names, "-o", "bad.html", *options))
    assert not Path("bad.html").exists()
