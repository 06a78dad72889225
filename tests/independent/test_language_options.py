"""Language models' cells and options, and the text that is found, against NumPy of plain.py."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from rnntool import tasks
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.weights import read_weights
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from tests.independent.plain import (
    Array,
    Tensors,
    both_ways,
    compared,
    directional,
    run_cell,
    sigmoid,
    softmax,
)

TEXT = "가나 다라 마바\n나\n가나다라 마바 사\n" * 12
TINY: dict[str, Any] = {
    "hidden": 5, "embedding_dim": 5, "epochs": 2, "batch_size": 4, "lr": 0.02, "threads": 1,
}  # fmt: skip
PAD, UNK, BOS, EOS = range(4)


def trained(folder, task, settings, *inputs, text=TEXT):
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8")
    tasks.train(task, [str(path), *map(str, inputs)], str(folder / "run"), settings,
                QuietReporter())  # fmt: skip
    run = open_run(str(folder / "run"))
    return run, {name: array.astype(float) for name, array in read_weights(run.weights).items()}


def states_of(w: Tensors, s: dict[str, Any], x: Array) -> Array:
    """[T, D] -> [T, H] of the top layer of a language model."""
    for n in range(s["layers"]):
        above = run_cell(w, f"encoder.layers.{n}.", s["cell"], x)
        x = above + x if s["residual"] and above.shape == x.shape else above
    return x


def log_probabilities(w: Tensors, s: dict[str, Any], ids: list[int]) -> Array:
    """[T, V] of the token after each of a text's."""
    if s["input"] == "one-hot":
        V = w["encoder.layers.0.weight_ih_l0"].shape[1]
        x = np.eye(V)[ids]
    else:
        x = w["input.embedding.weight"][ids]
    matrix = w.get("output.linear.weight", w.get("input.embedding.weight"))
    return np.log(softmax(states_of(w, s, x) @ matrix.T + w["output.linear.bias"]))


OPTIONS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "rnn-relu, one-hot": {"cell": "rnn-relu", "input": "one-hot"},
    "gru, 2 layers, residual": {"cell": "gru", "layers": 2, "residual": True},
    "gru-reset-before": {"cell": "gru-reset-before"},
    "lstm, tied weights": {"tie_weights": True},
    "lstm, layer norm": {"layer_norm": True},
    "gru, layer norm, residual, 2 layers": {"cell": "gru", "layer_norm": True, "residual": True,
                                            "layers": 2},
    "rnn, layer norm": {"cell": "rnn", "layer_norm": True},
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_score(cli, tmp_path, name):
    run, w = trained(tmp_path, "lm", LMSettings(**{**TINY, **OPTIONS[name]}, bptt=6))
    lines = ["다라 가", "", "사바마나"]
    out = cli("score", run.path, "--json", "-q", input="\n".join(lines) + "\n").out
    found = [json.loads(line)["log_probability"] for line in out.splitlines()]
    known, wanted = run.vocabulary.ids, []
    for line in lines:  # each begins after the end of a line
        ids = [known["␊"], *(known["▁" if c == " " else c] for c in line), known["␊"]]
        table = log_probabilities(w, run.config.settings, ids[:-1])
        wanted.append(table[np.arange(len(ids) - 1), ids[1:]].sum())
    compared(f"score, {name}", found, wanted, 2e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "gru-reset-before"])
def test_a_bilm_of_other_cells(cli, tmp_path, cell):
    settings = BiLMSettings(**{**TINY, "embedding_dim": 4}, cell=cell, layers=2, min_count=1,
                            validation="0", samples=0, lines=True, unit="word")  # fmt: skip
    run, w = trained(tmp_path, "bilm", settings)
    totals, count = np.zeros(2), 0
    lines = ["가나 마바", "사", ""]
    (tmp_path / "asked.txt").write_text("\n".join(lines) + "\n")
    for line in lines:
        ids = [BOS, *(run.vocabulary.ids[t] for t in line.split()), EOS]
        x = w["input.embedding.weight"][ids]
        ways = directional(w, "encoder.", run.config.settings, x)[-1]
        for way, (states, targets) in enumerate(((ways[0][:-1], ids[1:]), (ways[1][1:], ids[:-1]))):
            features = states @ w[f"project.{way}.weight"].T + w[f"project.{way}.bias"]
            scores = features @ w["input.embedding.weight"].T + w["output.bias"]
            totals[way] -= np.log(softmax(scores))[np.arange(len(targets)), targets].sum()
        count += len(ids) - 1
    figures = json.loads(cli("eval", run.path, tmp_path / "asked.txt", "--json", "-q").out)
    found = [np.log(figures[f"{way}_perplexity"]) for way in ("forward", "backward")]
    compared(f"eval of a biLM, {cell}, nats of both directions", found, totals / count, 2e-5)


# what a search finds, against every text that there is


def likeliest(prompt: list[int], length: int, V: int, table: Any, ends: bool) -> list[int]:
    """Of all texts of so many tokens, or that `<eos>` ends before, the likeliest a token."""
    best: tuple[float, list[int]] = (-np.inf, [])
    letters = [t for t in range(V) if t not in (PAD, UNK, BOS) and (ends or t != EOS)]
    for size in range(1, length + 1):
        for text in itertools.product(letters, repeat=size):
            ended = ends and text[-1] == EOS
            if EOS in text[:-1] or not (ended or size == length):
                continue
            own = [*prompt, *text]
            values = table(own[:-1])[len(prompt) - 1 :]
            mean = float(values[np.arange(size), list(text)].mean())
            best = max(best, (mean, list(text[:-1] if ended else text)), key=lambda pair: pair[0])
    return best[1]


@pytest.mark.parametrize("lines", [False, True], ids=["running text", "lines"])
def test_a_beam_as_wide_as_all_texts_finds_the_likeliest(cli, tmp_path, lines):
    settings = LMSettings(**TINY, bptt=6, lines=lines, unit="word")
    run, w = trained(tmp_path, "lm", settings, text="가 나 다\n나 다\n가 나\n" * 20)
    V, known = len(run.vocabulary), run.vocabulary.ids
    prompt = [BOS if lines else EOS, known["가"]]

    def table(ids: list[int]) -> Array:
        return log_probabilities(w, run.config.settings, ids)

    wanted = likeliest(prompt, 4, V, table, ends=lines) if lines else _fixed(prompt, 4, V, table)
    out = cli("generate", run.path, "--prompt", "가", "--beam", 5000, "--length", 4, "--json",
              "-q").out  # fmt: skip
    text = " ".join("\n" if t == EOS else run.vocabulary.tokens[t] for t in wanted)
    assert json.loads(out)["text"].split() == text.split()
    print(f"\ncompared | generate --beam, {lines=} with every text of 4 tokens | the same")


def _fixed(prompt: list[int], length: int, V: int, table: Any) -> list[int]:
    """Of running text, in which `<eos>` ends a line and not the text."""
    letters = [t for t in range(V) if t not in (PAD, UNK, BOS)]

    def total(text: tuple[int, ...]) -> float:
        values = table([*prompt, *text[:-1]])[len(prompt) - 1 :]
        return float(values[np.arange(length), list(text)].sum())

    return list(max(itertools.product(letters, repeat=length), key=total))


@pytest.mark.parametrize("condition", ["state", "input"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_captions_beam_and_greedy_text(cli, tmp_path, condition, cell):
    text = "가나\n나가\n가나다\n" * 10
    vectors = np.random.default_rng(3).normal(size=(30, 2)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    settings = CaptionSettings(**TINY, condition=condition, cell=cell)
    run, w = trained(tmp_path, "caption", settings, tmp_path / "v.npy", text=text)
    scaled = (vectors[1].astype(float) - w["mean"]) / w["deviation"]

    def table(ids: list[int]) -> Array:
        x = w["input.embedding.weight"][ids]
        h = c = np.zeros(5)
        if condition == "state":
            start = np.tanh(w["condition.weight"] @ scaled + w["condition.bias"])
            h, c = (start, c) if cell == "gru" else np.split(start, 2)
        else:
            x = np.concatenate([x, np.tile(scaled, (len(x), 1))], axis=1)
        states = run_from(w, cell, x, h, c)
        return np.log(softmax(states @ w["output.linear.weight"].T + w["output.linear.bias"]))

    greedy = [BOS]
    for _ in range(4):
        row = table(greedy)[-1]
        row[[PAD, UNK, BOS]] = -np.inf
        greedy.append(int(row.argmax()))
    ended = greedy[1:].index(EOS) if EOS in greedy else 4
    command = ("generate", run.path, "--vectors", tmp_path / "v.npy", "--row", 2, "--length", 4,
               "--json", "-q")  # fmt: skip
    for option, wanted in (
        (("--greedy",), greedy[1:][:ended]),
        (("--beam", 2000), likeliest([BOS], 4, len(run.vocabulary), table, ends=True)),
    ):
        found = json.loads(cli(*command, *option).out)["text"]
        assert found == "".join(run.vocabulary.tokens[t] for t in wanted)
        print(f"\ncompared | caption, {cell}, {condition}, {option[0]} | the same text")


def run_from(w: Tensors, cell: str, x: Array, h: Array, c: Array) -> Array:
    """One layer from a state that is not zero."""
    p = "encoder.layers.0."
    W, U, b, d = (w[f"{p}{n}_l0"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    found = []
    for x_t in x:
        a, u = W @ x_t + b, U @ h + d
        if cell == "lstm":
            i, f, g, o = np.split(a + u, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (ar, az, an), (ur, uz, un) = np.split(a, 3), np.split(u, 3)
            z = sigmoid(az + uz)
            h = (1 - z) * np.tanh(an + sigmoid(ar + ur) * un) + z * h
        found.append(h)
    return np.array(found)


@pytest.mark.parametrize("attention", ["none", "dot", "general"])
def test_a_seq2seq_models_beam_and_nats(cli, tmp_path, attention):
    """Luong et al. 2015, equations 5, 7 and 8, over a bidirectional encoder."""
    pairs = "source\ttarget\n" + "가나\t나가\n다\t가\n나나다\t나\n" * 8
    settings = Seq2SeqSettings(**TINY, attention=attention, cell="gru", validation="0")
    run, w = trained(tmp_path, "seq2seq", settings, text=pairs)
    targets = read_vocabulary(str(run.path / "target.tsv"))
    x = w["source.embedding.weight"][run.vocabulary.encode(list("나나다"))]
    forward, backward = both_ways(w, "encoder.layers.0.", "gru", x, x)
    memory = np.concatenate([forward, backward], axis=1)
    last = np.concatenate([forward[-1], backward[0]])
    start = np.tanh(w["bridge.weight"] @ last + w["bridge.bias"])
    own = {name.removeprefix("decoder."): value for name, value in w.items()
           if name.startswith("decoder.")}  # fmt: skip
    decoder = {f"encoder.{name}": value for name, value in own.items()}

    def table(ids: list[int]) -> Array:
        inputs = w["target.embedding.weight"][ids]
        states = run_from(decoder, "gru", inputs, start, np.zeros(5))
        if attention != "none":
            read = memory @ w["attention.memory.weight"].T if attention == "dot" else memory
            query = states @ w["attention.score.weight"].T if attention == "general" else states
            shares = softmax(query @ read.T)
            both = np.concatenate([shares @ read, states], axis=1)
            states = np.tanh(both @ w["attention.combine.weight"].T)
        return np.log(softmax(states @ w["output.linear.weight"].T + w["output.linear.bias"]))

    wanted = likeliest([BOS], 4, len(targets), table, ends=True)
    found = cli("predict", run.path, "--beam", 2000, "--length", 4, "-q", input="나나다\n").out
    assert found.rstrip("\n") == "".join(targets.tokens[t] for t in wanted)
    asked = tmp_path / "asked.tsv"
    asked.write_text("source\ttarget\n나나다\t가나\n")
    figures = json.loads(cli("eval", run.path, asked, "--json", "-q").out)
    ids = [BOS, *targets.encode(["가", "나"]), EOS]
    nats = -table(ids[:-1])[np.arange(3), ids[1:]].mean()
    compared(f"eval of seq2seq, --attention {attention}, nats; and its beam's text",
             np.log(figures["perplexity"]), nats, 2e-5)  # fmt: skip
