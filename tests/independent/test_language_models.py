"""Figures of language models against code written here: plain torch functions on their tensors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnntool import tasks
from rnntool.formats.weights import read_weights
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.lm.settings import LMSettings
from tests.independent.plain import compared

TEXT = "가나 다라 마바\n\n나\n가나다라마 바사\n" * 12
TINY = {"hidden": 5, "embedding_dim": 4, "epochs": 1, "batch_size": 4}


def trained(folder, task, settings, *inputs):
    path = folder / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    tasks.train(task, [str(path), *map(str, inputs)], str(folder / "run"), settings,
                QuietReporter())  # fmt: skip
    run = open_run(str(folder / "run"))
    return run, {n: torch.from_numpy(a).double() for n, a in read_weights(run.weights).items()}


def lstm(w, prefix: str, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor):
    """[T, D] -> [T, H] and the state after it, gate by gate."""
    found = []
    for x_t in x:
        a = (
            w[prefix + "weight_ih_l0"] @ x_t + w[prefix + "bias_ih_l0"]
            + w[prefix + "weight_hh_l0"] @ h + w[prefix + "bias_hh_l0"]
        )  # fmt: skip
        i, f, g, o = a.split(len(h))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        found.append(h)
    return torch.stack(found), h, c


def adaptive_log_probabilities(w, states: torch.Tensor) -> torch.Tensor:
    """Grave et al. 2017, §4: p(word) = p(cluster | h) p(word | cluster, h)."""
    head = functional.log_softmax(states @ w["output.softmax.head.weight"].T, dim=1)
    tails = sorted({n.split(".")[3] for n in w if n.startswith("output.softmax.tail.")})
    shortlist = head.shape[1] - len(tails)
    parts = [head[:, :shortlist]]
    for n in tails:
        low = states @ w[f"output.softmax.tail.{n}.0.weight"].T
        own = functional.log_softmax(low @ w[f"output.softmax.tail.{n}.1.weight"].T, dim=1)
        parts.append(own + head[:, shortlist + int(n), None])
    return torch.cat(parts, dim=1)


def units(text: str) -> list[str]:
    return [{"\n": "␊", " ": "▁"}.get(c, c) for c in text]


@pytest.mark.parametrize("softmax", ["full", "adaptive"])
@pytest.mark.parametrize("residual", [False, True])
def test_nats_of_a_text(cli, tmp_path, softmax, residual):
    many = "".join(chr(0xAC00 + 7 * n) for n in range(120))
    settings = LMSettings(**{**TINY, "embedding_dim": 5}, layers=2, bptt=6, softmax=softmax,
                          residual=residual)  # fmt: skip
    (tmp_path / "more.txt").write_text(many)
    run, w = trained(tmp_path, "lm", settings, tmp_path / "more.txt")
    asked = "다라 가\n나\n" + many[:9] + "\n"
    (tmp_path / "asked.txt").write_text(asked)
    figures = json.loads(cli("eval", run.path, tmp_path / "asked.txt", "--json", "-q").out)
    known = run.vocabulary.ids
    ids = torch.tensor([known[unit] for unit in units(asked)])
    zero = torch.zeros(5).double()
    x = w["input.embedding.weight"][ids[:-1]]
    first, *_ = lstm(w, "encoder.layers.0.", x, zero, zero)
    first = first + x if residual else first
    second, *_ = lstm(w, "encoder.layers.1.", first, zero, zero)
    second = second + first if residual else second
    if softmax == "adaptive":
        table = adaptive_log_probabilities(w, second)
        assert torch.allclose(table.exp().sum(dim=1), torch.ones(len(table)).double())
    else:
        scores = second @ w["output.linear.weight"].T + w["output.linear.bias"]
        table = functional.log_softmax(scores, dim=1)
    nats = -table[torch.arange(len(ids) - 1), ids[1:]].mean().item()
    compared(f"eval, lstm, 2 layers, {softmax} softmax, {residual=}", figures["nats_per_token"],
             nats, 1e-5)  # fmt: skip
    assert figures["perplexity"] == pytest.approx(math.exp(nats), rel=1e-5)
    assert figures["bits_per_character"] == pytest.approx(
        nats * (len(ids) - 1) / round(len(asked) * (len(ids) - 1) / len(ids)) / math.log(2),
        rel=1e-4,
    )


@pytest.mark.parametrize("softmax", ["full", "adaptive"])
def test_dynamic_evaluation_is_equation_6(cli, tmp_path, softmax):
    """Krause et al. 2018: θ ← θ − η g + λ (θ₀ − θ), after each chunk has been scored."""
    many = "".join(chr(0xAC00 + 7 * n) for n in range(120))
    (tmp_path / "more.txt").write_text(many)
    settings = LMSettings(**TINY, bptt=4, softmax=softmax)
    run, start = trained(tmp_path, "lm", settings, tmp_path / "more.txt")
    asked = many[:40] + "\n다라 가\n나마바 사\n가나\n" * 2 + many[:9] + "\n"
    (tmp_path / "asked.txt").write_text(asked)
    found = json.loads(
        cli("eval", run.path, tmp_path / "asked.txt", "--dynamic", "--dynamic-lr", 0.3, "--json",
            "-q").out
    )  # fmt: skip
    ids = torch.tensor([run.vocabulary.ids[unit] for unit in units(asked)])
    w = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
    h, c = torch.zeros(5).double(), torch.zeros(5).double()
    total = 0.0
    for at in range(0, len(ids) - 1, 4):
        inputs, targets = ids[at : at + 4][: len(ids) - 1 - at], ids[at + 1 : at + 5]
        x = w["input.embedding.weight"][inputs]
        states, h, c = lstm(w, "encoder.layers.0.", x, h.detach(), c.detach())
        if softmax == "adaptive":
            table = adaptive_log_probabilities(w, states)
        else:
            scores = states @ w["output.linear.weight"].T + w["output.linear.bias"]
            table = functional.log_softmax(scores, dim=1)
        loss = -table[torch.arange(len(targets)), targets].sum()
        total += loss.item()
        grads = torch.autograd.grad(loss / len(targets), list(w.values()), allow_unused=True)
        norm = torch.sqrt(sum((g**2).sum() for g in grads if g is not None))
        scale = min(1.0, 1.0 / norm.item())
        with torch.no_grad():
            for (name, tensor), g in zip(w.items(), grads, strict=True):
                step = 0.0 if g is None else 0.3 * scale * g  # a class without a token in it
                tensor += 0.002 * (start[name] - tensor) - step
    compared(f"eval --dynamic, {softmax} softmax", found["nats_per_token"],
             total / (len(ids) - 1), 1e-6)  # fmt: skip


def test_both_directions_of_a_bilm_and_its_vectors(cli, tmp_path):
    settings = BiLMSettings(**{**TINY, "embedding_dim": 5}, layers=2, validation="0", min_count=1,
                            samples=0, lines=True)  # fmt: skip
    run, w = trained(tmp_path, "bilm", settings)
    lines = ["가나 다라 나", "마바", ""]
    (tmp_path / "asked.txt").write_text("".join(f"{line}\n" for line in lines))
    zero = torch.zeros(5).double()
    known = run.vocabulary.ids
    totals, count, vectors = [0.0, 0.0], 0, []
    for line in lines:
        ids = torch.tensor([known[t] for t in ["<bos>", *line.split(), "<eos>"]])
        x = w["input.embedding.weight"][ids]
        ways = []
        for way, order in ((0, 1), (1, -1)):
            below = x if order == 1 else x.flip(0)
            layers = [below]
            for layer in range(2):
                below, *_ = lstm(w, f"encoder.layers.{layer}.{way}.", below, zero, zero)
                layers.append(below)
            ways.append([part if order == 1 else part.flip(0) for part in layers])
        forward, backward = ways[0][-1], ways[1][-1]
        for way, states, targets in ((0, forward[:-1], ids[1:]), (1, backward[1:], ids[:-1])):
            weight = f"project.{way}.weight"
            features = states @ w[weight].T + w[f"project.{way}.bias"] if weight in w else states
            scores = features @ w["input.embedding.weight"].T + w["output.bias"]
            totals[way] += functional.cross_entropy(scores, targets, reduction="sum").item()
        count += len(ids) - 1
        vectors.append([torch.cat(pair, dim=1)[1:-1] for pair in zip(*ways, strict=True)])
        vectors[-1][0] = x[1:-1]  # of layer 0 one, not a direction's two
    figures = json.loads(cli("eval", run.path, tmp_path / "asked.txt", "--json", "-q").out)
    found = [math.log(figures[f"{way}_perplexity"]) for way in ("forward", "backward")]
    compared("eval of a biLM, nats of both directions", found, [t / count for t in totals], 1e-5)

    def embedded(*options: object) -> list[np.ndarray]:
        out = cli("embed", run.path, tmp_path / "asked.txt", "-q", *options).out
        return [np.array(json.loads(line)["vectors"]) for line in out.splitlines()]

    for layer, wanted in (
        ("top", lambda v: v[2]), ("0", lambda v: v[0]), ("1", lambda v: v[1]),
        ("2", lambda v: v[2]), ("mean", lambda v: (v[1] + v[2]) / 2),
    ):  # fmt: skip
        rows = [(f, wanted(o)) for f, o in zip(embedded("--layer", layer), vectors, strict=True)
                if len(f)]  # fmt: skip
        compared(f"embed --layer {layer}", *map(np.concatenate, zip(*rows, strict=True)), 2e-6)
    pools = {"mean": lambda v: v.mean(0), "max": lambda v: v.max(0).values, "last": lambda v: v[-1]}
    for pool, of in pools.items():
        wanted = [of(own[2]) if len(own[2]) else torch.zeros(10) for own in vectors]
        compared(f"embed --pool {pool}", [row[0] for row in embedded("--pool", pool)],
                 torch.stack(wanted), 2e-6)  # fmt: skip


@pytest.mark.parametrize("condition", ["state", "input"])
def test_nats_of_captions(cli, tmp_path, condition):
    lines = TEXT.count("\n")
    vectors = np.random.default_rng(3).normal(size=(lines, 3)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    settings = CaptionSettings(**TINY, condition=condition)
    run, w = trained(tmp_path, "caption", settings, tmp_path / "v.npy")
    figures = json.loads(
        cli("eval", run.path, tmp_path / "text.txt", "--vectors", tmp_path / "v.npy", "--json",
            "-q").out
    )  # fmt: skip
    total, count = 0.0, 0
    for line, vector in zip(TEXT.split("\n")[:-1], vectors, strict=True):
        tokens = ["<bos>", *("▁" if c == " " else c for c in line), "<eos>"]
        if run.config.tokenizer == "whitespace":
            tokens = ["<bos>", *line.split(), "<eos>"]
        ids = torch.tensor([run.vocabulary.ids.get(t, 1) for t in tokens])
        scaled = (torch.from_numpy(vector).double() - w["mean"]) / w["deviation"]
        x = w["input.embedding.weight"][ids[:-1]]
        h = c = torch.zeros(5).double()
        if condition == "state":
            h, c = torch.tanh(w["condition.weight"] @ scaled + w["condition.bias"]).split(5)
        else:
            x = torch.cat([x, scaled.expand(len(x), -1)], dim=1)
        states, *_ = lstm(w, "encoder.layers.0.", x, h, c)
        scores = states @ w["output.linear.weight"].T + w["output.linear.bias"]
        total += functional.cross_entropy(scores, ids[1:], reduction="sum").item()
        count += len(ids) - 1
    assert figures["tokens"] == count
    compared(f"eval of captions, --condition {condition}", figures["nats_per_token"],
             total / count, 2e-5)  # fmt: skip
