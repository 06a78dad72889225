"""What each layer knows: states against torch, figures against scikit-learn and plain code."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from rnntool import tasks
from rnntool.inspection.layer_states import NumpyLayers, open_layers
from rnntool.inspection.probe_data import read_asked
from rnntool.inspection.settings import ProbeSettings
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.load import load_bilm
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.load import load_classifier
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.lm.load import load_language_model
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.tag.load import load_tagger
from rnntool.tasks.tag.settings import TagSettings
from tests.conftest import one_line_error

TINY = {"embedding_dim": 5, "hidden": 12, "epochs": 1, "batch_size": 4, "threads": 1}
TEXTS = [["가", "나", "다", "새것"], ["라"], ["나", "가", "라", "다", "마", "가", "나"]]
RUNS = {
    "bilm": BiLMSettings(**TINY, layers=2, min_count=1),
    "spelled": BiLMSettings(**TINY, min_count=1, input="characters"),
    "lm": LMSettings(
        **{**TINY, "hidden": 40}, layers=2, unit="word", min_count=1, bptt=5, lines=True
    ),
    "char": LMSettings(**TINY, unit="char", bptt=5),
    "classify": ClassifySettings(**TINY, layers=2, bidirectional=True),
    "one-hot": ClassifySettings(**{**TINY, "embedding_dim": 200}, input="one-hot"),
    "tag": TagSettings(**TINY, bidirectional=True),
}
# A word's tag depends on the word before it alone, so that token vectors cannot know it.
FOLLOWS = {"가": "B", "나": "A", "다": "A", "라": "B"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    draw = np.random.default_rng(2)
    lines = [draw.choice(list("가나다라"), draw.integers(2, 8)).tolist() for _ in range(160)]
    (folder / "text").write_text("".join(" ".join(line) + "\n" for line in lines), "utf-8")
    rows = (f"{' '.join(line)}\t{'yes' if '가' in line else 'no'}\n" for line in lines)
    (folder / "labelled.tsv").write_text("document\tlabel\n" + "".join(rows), "utf-8")
    sentences = [
        "".join(f"{word}\t{tag}\n" for word, tag in
                zip(line, ["A", *(FOLLOWS[word] for word in line)], strict=False))
        for line in lines
    ]  # fmt: skip
    (folder / "words").write_text("\n".join(sentences), "utf-8")
    for name, settings in RUNS.items():
        task = {"spelled": "bilm", "char": "lm", "one-hot": "classify"}.get(name, name)
        source = {"classify": "labelled.tsv", "tag": "words"}.get(task, "text")
        tasks.train(task, [str(folder / source)], str(folder / name), settings, QuietReporter())
    return folder


def torch_states(folder: Path, name: str, text: list[str]) -> list[torch.Tensor]:
    """Token vectors and each layer's states, both directions side by side, by torch.nn."""
    if name == "lm":
        lm = load_language_model(str(folder / name))
        ids = torch.tensor(lm.run.vocabulary.encode(["<bos>", *text, "<eos>"]))
        x = [lm.model.input(ids[:, None])[:, 0]]
        for layer in lm.model.encoder.layers:
            x.append(layer(x[-1][:, None])[0][:, 0])
        return [states[1:-1] for states in x]
    if name == "tag":
        model, run = (tagger := load_tagger(str(folder / name))).model, tagger.run
        from rnntool.formats.tagged import Sentence

        data = tagger.reader.encode([Sentence(1, text)], "x")
        spelling, lengths = data.spellings.padded(np.arange(len(data.spellings)))
        spelled = model.characters(torch.tensor(spelling), torch.tensor(lengths))
        ids = torch.tensor(run.vocabulary.encode(text))
        both = [model.input(ids[None])[0], spelled[data.words.ids.astype(np.int64)]]
        x = [torch.cat(both, 1)]
        return x + _stacked(model.encoder.layers, x[0], apart=False)
    bilm = name == "bilm"
    opened = (load_bilm if bilm else load_classifier)(str(folder / name))
    whole = ["<bos>", *text, "<eos>"] if bilm else text
    vectors = opened.model.input(torch.tensor(opened.run.vocabulary.encode(whole))[None])[0]
    x = [vectors, *_stacked(opened.model.encoder.layers, vectors, apart=bilm)]
    return [states[1:-1] for states in x] if bilm else x


def _stacked(layers, x: torch.Tensor, apart: bool) -> list[torch.Tensor]:
    found, ways = [], [x, x]
    for layer in layers:
        ways = [network(own[None] if n == 0 else own.flip(0)[None])[0][0]
                for n, (network, own) in enumerate(zip(layer, ways, strict=True))]  # fmt: skip
        ways[1] = ways[1].flip(0)
        found.append(torch.cat(ways, 1))
        ways = ways if apart else [found[-1]] * 2
    return found


@pytest.mark.parametrize("name", ["bilm", "lm", "classify", "tag"])
def test_the_states_of_every_layer_are_torchs(runs, name):
    states = open_layers(open_run(str(runs / name)))
    assert isinstance(states, NumpyLayers)
    for text, found in zip(TEXTS, states.read(TEXTS), strict=True):
        with torch.no_grad():
            expected = torch_states(runs, name, text)
        assert len(found) == len(expected) == len(states.names)
        for own, theirs in zip(found, expected, strict=True):
            assert np.allclose(own, theirs.numpy(), atol=1e-5)


def test_a_bilm_that_reads_characters_is_read_by_torch(runs):
    states = open_layers(open_run(str(runs / "spelled")))
    first, second = states.read([["가", "새것"], ["가"]])
    assert [layer.shape for layer in first] == [(2, 5), (2, 24)]
    assert np.allclose(first[0][0], second[0][0], atol=1e-6)  # the vector knows no context
    assert not np.allclose(first[1][0], second[1][0], atol=1e-6)


def probed(cli, *arguments: object) -> dict:
    result = cli("probe", *arguments, "--json", "-q", "--resamples", 500)
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_a_probe_is_scikit_learns_on_the_pooled_states(cli, runs):
    found = probed(cli, runs / "bilm", runs / "labelled.tsv", "--c", 0.5, "--seed", 3)
    run = open_run(str(runs / "bilm"))
    asked = read_asked(str(runs / "labelled.tsv"), run, ProbeSettings(), QuietReporter())
    order = np.random.default_rng(3).permutation(160)
    held, rest = np.sort(order[:32]), np.sort(order[32:])
    labels = np.array([own[0] for own in asked.labels])
    states = open_layers(run).read(asked.texts)
    assert (found["of"], found["train"], found["test"], found["classes"]) == ("texts", 128, 32, 2)
    rows = found["rows"]
    values, counts = np.unique(labels[rest], return_counts=True)
    majority = values[counts.argmax()]
    assert rows[0]["layer"] == f"majority ({majority})"
    assert rows[0]["accuracy"] == (labels[held] == majority).mean()
    for layer, row in enumerate(rows[1:]):
        x = np.stack([own[layer].mean(axis=0) for own in states])
        scaler = StandardScaler().fit(x[rest])
        model = LogisticRegression(C=0.5, max_iter=300).fit(scaler.transform(x[rest]), labels[rest])
        right = model.predict(scaler.transform(x[held])) == labels[held]
        assert row["accuracy"] == pytest.approx(right.mean())
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert row["gain"] == pytest.approx(row["accuracy"] - rows[layer]["accuracy"])
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]
        assert row["features"] == x.shape[1]


@pytest.mark.parametrize("name", ["bilm", "lm", "classify", "tag"])
def test_a_layer_knows_what_its_token_vectors_cannot(cli, runs, name):
    """Each word's tag is that of its predecessor: the static vectors are near the majority."""
    found = probed(cli, runs / name, runs / "words", "--of", "words", "--c", 1)
    accuracy = {row["layer"]: row["accuracy"] for row in found["rows"]}
    assert found["of"] == "words"
    assert accuracy["layer 1"] > accuracy["static embedding"] + 0.1
    assert accuracy["layer 1"] > found["rows"][0]["accuracy"] + 0.1


def test_a_words_pieces_are_pooled_and_spaces_are_no_words(runs):
    run = open_run(str(runs / "char"))
    conllu = runs / "two.conllu"
    rows = [
        ("1", "가나", "NOUN", "SpaceAfter=No"),
        ("2", ".", "PUNCT", "_"),
        ("3", "다", "ADV", "_"),
    ]
    line = "{}\t{}\t_\t{}" + "\t_" * 5 + "\t{}\n"
    conllu.write_text("# text\n" + "".join(line.format(*row) for row in rows) + "\n", "utf-8")
    asked = read_asked(str(conllu), run, ProbeSettings(), QuietReporter())
    assert asked.texts == [["가", "나", ".", "▁", "다"]]
    assert asked.spans == [[(0, 2), (2, 3), (4, 5)]]
    assert asked.labels == [["NOUN", "PUNCT", "ADV"]]


def test_an_interval_draws_whole_texts(cli, runs, tmp_path):
    """The same sentence ten times over says no more than once: a wide interval."""
    text = "".join(f"{w}\t{t}\n" for w, t in itertools.islice(itertools.cycle(
        [("가", "A"), ("나", "B")]), 20))  # fmt: skip
    (tmp_path / "test").write_text(f"{text}\n가\tA\n\n나\tA\n", "utf-8")
    found = probed(cli, runs / "bilm", runs / "words", "--of", "words", "--test",
                   tmp_path / "test")  # fmt: skip
    assert found["test"] == 22
    assert found["rows"][0]["high"] - found["rows"][0]["low"] > 0.3


def test_the_limit_draws_texts_and_one_hot_has_no_vectors(cli, runs):
    found = probed(cli, runs / "one-hot", runs / "labelled.tsv", "--limit", 20)
    assert [row["layer"] for row in found["rows"][1:]] == ["layer 1"]
    assert (found["train"], found["test"]) == (20, 20)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bilm", "text"), "has no label column"),
        (
            ("bilm", "labelled.tsv", "--of", "words"),
            "a single text or sentence: nothing to test on",
        ),
        (("bilm", "labelled.tsv", "--test", "words"), "has no label column"),
        (("bilm", "one"), "one label only, 'no'"),
        (("bilm", "-"), "standard input: may hold texts or tagged words"),
    ],
)
def test_bad_input_is_one_line(cli, runs, arguments, expected, monkeypatch):
    (runs / "one").write_text("document\tlabel\n" + "가 나\tno\n" * 9, "utf-8")
    monkeypatch.chdir(runs)
    assert re.search(expected, one_line_error(cli("probe", *arguments)))


def test_runs_without_plain_recurrent_layers_are_refused(cli, runs, tmp_path):
    for options, expected in (
        (("--encoder", "cnn", "--conv-filters", 2), "has no recurrent layer"),
        (("--layer-norm",), "was trained with --layer-norm"),
    ):
        small = ("--epochs", 1, "--hidden", 3, "--threads", 1, "-q", "--force")
        trained = cli("train", "classify", runs / "labelled.tsv", "-o", tmp_path / "run", *small,
                      *options)  # fmt: skip
        assert trained.code == 0, trained.err
        error = one_line_error(cli("probe", tmp_path / "run", runs / "labelled.tsv"))
        assert expected in error
