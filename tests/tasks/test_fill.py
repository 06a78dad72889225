"""What a language model says of a line from either side, and of a gap in it."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.runs.cloze import Filling, Gap, weighed
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.load import TrainedBiLM, load_bilm
from rnntool.tasks.bilm.reader import NumpyReader, TorchReader
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.lm.settings import LMSettings
from rnntool.text.gap import Filled
from tests.conftest import one_line_error

TINY = {"embedding_dim": 5, "epochs": 1, "batch_size": 4, "threads": 1, "min_count": 1}
RUNS = {
    "two": ("bilm", BiLMSettings(**TINY, hidden=5, layers=2)),
    "projected": ("bilm", BiLMSettings(**TINY, hidden=4, cell="gru")),
    "stream": ("bilm", BiLMSettings(**TINY, hidden=3, lines=False, bptt=6, cell="rnn")),
    "spelled": ("bilm", BiLMSettings(**TINY, hidden=4, input="characters")),
    "lm": ("lm", LMSettings(**TINY, hidden=4, unit="word", lines=True, bptt=5)),
    "written": ("lm", LMSettings(**TINY, hidden=4, unit="word", bptt=5, layer_norm=True)),
}
BILMS = [name for name, (task, _) in RUNS.items() if task == "bilm"]
TEXTS = [["가", "나", "다"], [], ["라"], ["나", "새것", "가", "가", "라", "다", "마"]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fill")
    draw = np.random.default_rng(2)
    lines = [" ".join(draw.choice(list("가나다라마바"), draw.integers(1, 7))) for _ in range(90)]
    (folder / "text").write_text("\n".join(lines) + "\n", "utf-8")
    for name, (task, settings) in RUNS.items():
        tasks.train(task, [str(folder / "text")], str(folder / name), settings, QuietReporter())
    return folder


def by_torch(trained: TrainedBiLM, tokens: list[str]) -> tuple[list[float], list[float]]:
    """Each direction's log-probabilities, layer by layer in torch.nn, one step at a time."""
    model, ids = trained.model, torch.tensor(trained.run.vocabulary.encode(tokens))
    x = [model.input(ids[None])[0], model.input(ids.flip(0)[None])[0]]
    for layer in model.encoder.layers:
        x = [network(own[None])[0][0] for network, own in zip(layer, x, strict=True)]
    found = []
    for way, order in enumerate((ids, ids.flip(0))):
        states = model.project[way](x[way][:-1])
        scores = states @ model.output.embedding.weight.T + model.output.bias
        found.append(torch.log_softmax(scores.double(), 1)[range(len(ids) - 1), order[1:]].tolist())
    return found[0], found[1][::-1]


@pytest.mark.parametrize("name", BILMS)
def test_a_score_of_a_bilm_is_each_directions_own(cli, runs, name):
    text = "\n".join(" ".join(tokens) for tokens in TEXTS)
    plain = cli("score", runs / name, "--tokens", "-q", input=text)
    spoken = cli("score", runs / name, "--tokens", "--json", "-q", input=text)
    assert plain.code == spoken.code == 0, plain.err
    trained = load_bilm(str(runs / name))
    ends = ("<eos>", "<eos>") if name == "stream" else ("<bos>", "<eos>")
    lines = zip(TEXTS, plain.out.splitlines(), spoken.out.splitlines(), strict=True)
    for tokens, line, record in lines:
        whole = [ends[0], *tokens, ends[1]]
        found = json.loads(record)
        own = found["by_token"]
        assert [token for token, _, _ in own] == whole
        if name != "spelled":
            forward, backward = by_torch(trained, whole)
            assert [f for _, f, _ in own[1:]] == pytest.approx(forward, abs=1e-5)
            assert [b for _, _, b in own[:-1]] == pytest.approx(backward, abs=1e-5)
        total, back, count, perplexity, back_perplexity, *_ = line.split("\t")
        assert float(total) == pytest.approx(sum(f for _, f, _ in own[1:]), abs=1e-3)
        assert float(back) == pytest.approx(sum(b for _, _, b in own[:-1]), abs=1e-3)
        assert int(count) == len(tokens) + 1 == found["tokens"]
        assert float(perplexity) == pytest.approx(math.exp(-float(total) / int(count)), rel=1e-3)
        assert float(back_perplexity) == pytest.approx(
            math.exp(-float(back) / int(count)), rel=1e-3
        )


def test_scores_and_eval_agree(cli, runs):
    lines = cli("score", runs / "two", runs / "text", "-q").out.splitlines()
    rows = np.array([[float(f) for f in line.split("\t")] for line in lines])
    figures = json.loads(cli("eval", runs / "two", runs / "text", "--json", "-q").out)
    for column, way in ((0, "forward"), (1, "backward")):
        perplexity = math.exp(-rows[:, column].sum() / rows[:, 2].sum())
        assert perplexity == pytest.approx(figures[f"{way}_perplexity"], rel=1e-4)


def test_numpy_and_torch_read_alike(runs):
    run = open_run(str(runs / "projected"))
    ours, theirs = NumpyReader(run), TorchReader(run, "cpu")
    texts = [["<bos>", *tokens, "<eos>"] for tokens in TEXTS]
    for a, b in zip(ours.read(texts), theirs.read(texts), strict=True):
        assert a.targets.tolist() == b.targets.tolist()
        for known, also in ((a.forward, b.forward), (a.backward, b.backward)):
            assert np.allclose(known, also, atol=1e-5)
            assert np.allclose(ours.log_probabilities(known), theirs.log_probabilities(also),
                               atol=1e-5)  # fmt: skip


def test_a_score_and_a_fill_need_no_torch(runs):
    code = (
        "import sys; from typer.testing import CliRunner; from rnntool.commands import app\n"
        "r = CliRunner().invoke(app, sys.argv[1:], input='가 나'); assert r.exit_code == 0, r\n"
        "assert not {'torch', 'gensim', 'sklearn', 'scipy'} & set(sys.modules)\n"
    )
    for arguments in (["score", runs / "two"],
                      ["fill", runs / "two", "--text", "가 __", "--choices", "나,다"],
                      ["fill", runs / "lm", "--text", "가 __"]):  # fmt: skip
        subprocess.run([sys.executable, "-c", code, *map(str, arguments), "-q"], check=True)


def filled(cli, run: Path, *arguments: object, input: str | None = None) -> dict:
    result = cli("fill", run, "--json", *arguments, "-q", input=input)
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.mark.parametrize("name", ["two", "projected", "stream"])
def test_the_views_of_a_choice_are_their_formulas(cli, runs, name):
    found = filled(cli, runs / name, "--text", "가 ____ 다 라", "--choices", "나,나 마 나,새것")
    trained = load_bilm(str(runs / name))
    counts = dict(zip(trained.run.vocabulary.tokens, trained.run.vocabulary.counts, strict=True))
    total = sum(max(1, n) for n in counts.values())
    first = "<eos>" if name == "stream" else "<bos>"
    views = {}
    for choice in ("나", "나 마 나", "새것"):
        own = choice.split()
        forward, backward = by_torch(trained, [first, "가", *own, "다", "라", "<eos>"])
        # The token at place n is predicted by forward[n - 1] and by backward[n].
        alone, _ = by_torch(trained, [first, *own])
        prior = math.log(max(1, counts.get(own[0], counts["<unk>"])) / total) + sum(alone[1:])
        there = sum(forward[1 : 1 + len(own)]), sum(backward[2 : 2 + len(own)])
        views[choice] = dict(zip(("forward", "backward", "both"),
                                 (*there, sum(there) - prior), strict=True))  # fmt: skip
    for candidate in found["choices"]:
        assert candidate["nats"] == pytest.approx(views[candidate["text"]], abs=1e-4)
        assert candidate["unknown"] == (["새것"] if candidate["text"] == "새것" else [])
        weights = {v: sum(math.exp(own[v]) for own in views.values()) for v in candidate["nats"]}
        for view, share in candidate["shares"].items():
            own = math.exp(views[candidate["text"]][view])
            assert share == pytest.approx(own / weights[view], abs=1e-4)
    order = [candidate["text"] for candidate in found["choices"]]
    assert order == sorted(views, key=lambda choice: -views[choice]["both"])
    for view, best in found["best"].items():
        assert best == max(views, key=lambda choice: views[choice][view])


def test_candidates_stand_in_the_order_of_the_last_view():
    nats = [{"forward": -1.0, "both": -3.0}, {"forward": -2.0, "both": -1.0}]
    one, two = (Filled([word], 0, 1) for word in "가나")
    found = weighed(["가", "나"], [one, two], nats, {"나"})
    assert [(c.text, c.unknown) for c in found] == [("나", []), ("가", ["가"])]
    assert found[0].shares["forward"] == pytest.approx(1 / (1 + math.e))
    assert Filling(Gap("here", "", "", ""), ("forward", "both"), found).best("forward").text == "가"


@pytest.mark.parametrize("name", ["two", "lm", "written"])
def test_the_likeliest_words_are_the_best_of_all_choices(cli, runs, name):
    words = filled(cli, runs / name, "--text", "가 ____ 다", "--top", 6)["words"]
    every = [t for t in open_run(str(runs / name)).vocabulary.tokens if not t.startswith("<")]
    scored = filled(cli, runs / name, "--text", "가 ____ 다", "--choices", ",".join(every))
    for view, own in words.items():
        ranked = sorted(scored["choices"], key=lambda choice: -choice["nats"][view])
        assert list(own) == [choice["text"] for choice in ranked][:6]
        assert list(own.values()) == pytest.approx([c["shares"][view] for c in ranked][:6],
                                                   abs=1e-4)  # fmt: skip


@pytest.mark.parametrize("name", ["lm", "written"])
def test_a_forward_models_choice_is_what_score_gives_its_tokens(cli, runs, name):
    found = filled(cli, runs / name, "--text", "가 ____ 다", "--choices", "나 라,마")
    assert list(found["best"]) == ["forward"]
    for candidate in found["choices"]:
        line = cli("score", runs / name, "--tokens", "--json", "-q",
                   input=f"가 {candidate['text']} 다").out  # fmt: skip
        own = [value for _, value in json.loads(line)["by_token"]][1 : 1 + len(candidate["tokens"])]
        assert candidate["nats"]["forward"] == pytest.approx(sum(own), abs=1e-4)


def test_a_table_of_gaps_is_counted_against_its_answers(cli, runs, tmp_path):
    rows = [("가 ____ 다", "나,라", "나"), ("__ 가", "마,라,나", "라"), ("나 __", "", "")]
    file = tmp_path / "gaps.tsv"
    file.write_text(
        "".join("\t".join(row) + "\n" for row in (("text", "choices", "answer"), *rows))
    )
    shown = cli("fill", runs / "two", file, "--top", 2, "-q")
    assert shown.code == 0, shown.err
    assert shown.out.count("(answer)") == 2
    records = cli("fill", runs / "two", file, "--top", 2, "--json", "-q").out.splitlines()
    found = [json.loads(record) for record in records]
    assert [len(own) for own in found[2]["words"].values()] == [2, 2, 2]
    count = [line.split() for line in shown.out.splitlines()[-3:]]
    for view, right, texts, share in count:
        expected = sum(f["best"][view] == f["answer"] for f in found[:2])
        assert (int(right), int(texts), float(share)) == (expected, 2, expected / 2)


def test_unknown_words_are_said(cli, runs):
    result = cli("fill", runs / "two", "--text", "헌것 __ 나", "--choices", "새것,가")
    assert "새것" in result.err
    assert "its context: 헌것" in result.err
    assert "<unk> (새것)" in result.out


@pytest.mark.parametrize(
    ("arguments", "input", "expected"),
    [
        (("--text", "가 나", "--choices", "가,나"), None, "--text: has no gap"),
        (("--text", "가 __ 나 __"), None, "--text: has 2 gaps"),
        (("--text", "__"), None, "--text: holds nothing but a gap"),
        (("--text", "가 __", "--choices", "나"), None, "--choices: '나' is no list of choices"),
        (("--text", "가 __", "--choices", "나,,다"), None, "is no list of choices"),
        ((), "가 __\n나\n", "standard input:2: has no gap"),
        (
            (),
            "text\tchoices\tanswer\n가 __\t나,다\t라\n",
            "standard input:2: answer '라' is not one",
        ),
    ],
)
def test_bad_input_is_one_line(cli, runs, arguments, input, expected):
    assert expected in one_line_error(cli("fill", runs / "two", *arguments, input=input))


def test_other_runs_are_refused_and_an_output_is_whole(cli, runs, tmp_path):
    (tmp_path / "reviews").write_text("document\tlabel\n" + "가 나\t0\n다 라\t1\n" * 8)
    trained = cli("train", "classify", tmp_path / "reviews", "-o", tmp_path / "c", "--epochs", 1,
                  "--threads", 1, "--hidden", 3, "-q")  # fmt: skip
    assert trained.code == 0, trained.err
    for command in ("fill", "score"):
        assert "trained for 'classify'" in one_line_error(cli(command, tmp_path / "c"))
    assert "no gap" in one_line_error(
        cli("fill", runs / "two", "-o", tmp_path / "out", input="가 __\n나\n")
    )
    assert not (tmp_path / "out").exists()


def test_a_long_text_is_scored_in_parts(runs, monkeypatch):
    from rnntool.inference import bilm

    reader = NumpyReader(open_run(str(runs / "two")))
    readings = reader.read([["<bos>", *itertools.islice(itertools.cycle("가나다"), 50), "<eos>"]])
    (whole,) = bilm.likelihoods(reader, readings)
    monkeypatch.setattr(bilm, "_NUMBERS", 40)
    (parts,) = bilm.likelihoods(reader, readings)
    assert np.allclose(whole[0], parts[0])
    assert np.allclose(whole[1], parts[1])
    assert len(parts[0]) == 51
