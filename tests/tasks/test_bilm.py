"""From plain text to a pair of language models, and from there to a classifier."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnntool.data.chunks import Chunk
from rnntool.formats.rundir import WEIGHTS
from rnntool.models.bilm import BiLM
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.bilm.task import whole_texts
from tests.conftest import one_line_error

SMALL = ("--embedding-dim", 8, "--hidden", 6, "--batch-size", 8, "--threads", 1, "-q",
         "--validation", 0.2)  # fmt: skip
TUNE = ("--epochs", 1, "--batch-size", 8, "--threads", 1, "-q", "--validation", 0.2)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bilm")
    draw = np.random.default_rng(1)
    lines = [
        " ".join(draw.choice(["가", "나", "다", "라"], draw.integers(1, 7))) for _ in range(90)
    ]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{'pos' if '가' in line else 'neg'}\n" for line in lines)
    (folder / "train.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(data) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = data / "run"
    arguments = ["train", "bilm", data / "text.txt", "-o", path, "--epochs", 2, "--layers", 2,
                 "--samples", 4, *SMALL]  # fmt: skip
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.stderr
    return path


def test_whole_texts_have_their_last_token_back():
    inputs = np.array([[2, 2], [5, 6], [7, 0]])
    targets = np.array([[5, 6], [7, 3], [3, 0]])
    ids, lengths = whole_texts(Chunk(inputs, targets, fresh=True))
    assert ids.tolist() == [[2, 5, 7, 3], [2, 6, 3, 0]]
    assert lengths.tolist() == [4, 3]


def test_eval_gives_each_directions_perplexity(cli, run, data):
    figures = json.loads(cli("eval", run, data / "text.txt", "--json", "-q", "--threads", 1).out)
    assert 1 < figures["forward_perplexity"] < 9
    assert 1 < figures["backward_perplexity"] < 9
    assert figures["unknown_rate"] == 0


@pytest.mark.parametrize(
    "extra", [("--no-lines", "--bptt", 5), ("--samples", 0), ("--cell", "gru")]
)
def test_running_text_the_full_softmax_and_other_cells_train(cli, data, tmp_path, extra):
    result = cli("train", "bilm", data / "text.txt", "-o", tmp_path / "run", "--epochs", 1, *SMALL,
                 *extra)  # fmt: skip
    assert result.code == 0, result.err
    assert cli("eval", tmp_path / "run", data / "text.txt", "-q", "--threads", 1).code == 0


def test_the_vectors_it_starts_from_are_its_embedding(cli, data, tmp_path):
    (tmp_path / "v.vec").write_text("3 5\n가 1 2 3 4 5\n나 2 2 2 2 2\n다 0 1 0 1 0\n", "utf-8")
    result = cli("train", "bilm", data / "text.txt", "-o", tmp_path / "run", "--epochs", 1, *SMALL,
                 "--lr", 0, "--vectors", tmp_path / "v.vec")  # fmt: skip
    assert result.code == 0, result.err
    rows = tensors(tmp_path / "run")["input.embedding.weight"]
    words = (tmp_path / "run" / "vocab.tsv").read_text("utf-8").splitlines()
    place = next(n for n, line in enumerate(w for w in words if not w.startswith("#"))
                 if line.startswith("가\t"))  # fmt: skip
    assert rows[place].tolist() == [1, 2, 3, 4, 5]
    assert cli("eval", tmp_path / "run", data / "text.txt", "-q", "--threads", 1).code == 0


def test_before_any_step_a_token_is_as_likely_as_it_is_frequent():
    counts = torch.tensor([0, 1, 5, 5, 20, 70])
    model = BiLM(BiLMSettings(embedding_dim=4, hidden=3), counts, len(counts))
    with torch.no_grad():
        features = torch.zeros(6, 4)
        found = model.output.log_likelihood(features, torch.arange(6)).exp()
    expected = counts.clamp(min=1) / counts.clamp(min=1).sum()
    assert torch.allclose(found, expected)


def tensors(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / WEIGHTS)


def tuned(cli, run, data, folder, *options) -> dict[str, torch.Tensor]:
    result = cli("train", "classify", data / "train.tsv", "--init", run, "-o", folder / "tuned",
                 *TUNE, *options)  # fmt: skip
    assert result.code == 0, result.err
    return tensors(folder / "tuned")


def test_a_classifier_starts_from_the_language_models_weights(cli, run, data, tmp_path):
    found = tuned(cli, run, data, tmp_path, "--lr", 0)
    for name, tensor in tensors(run).items():
        if name.startswith(("input.", "encoder.")):
            assert torch.equal(found[name], tensor), name
    answer = cli("predict", tmp_path / "tuned", "-q", "--threads", 1, input="가 나\n")
    assert answer.code == 0, answer.err


def test_unfreezing_begins_at_the_top(cli, run, data, tmp_path):
    found = tuned(cli, run, data, tmp_path, "--unfreeze", 1, "--average", 0)
    start = tensors(run)
    for name, tensor in start.items():
        if name.startswith(("input.", "encoder.")):
            assert torch.equal(found[name], tensor), name


def test_unfreezing_goes_down_a_layer_an_epoch(cli, run, data, tmp_path):
    tuned(cli, run, data, tmp_path, "--unfreeze", 1, "--epochs", 3, "--average", 0,
          "--schedule", "none", "--keep-epochs", "--patience", 0)  # fmt: skip
    start = tensors(run)
    epochs = tmp_path / "tuned" / "epochs"
    moved = []
    for n in range(4):
        found = load_file(epochs / f"00{n}.safetensors")
        below = [name for name in found if name.startswith(("input.", "encoder."))]
        moved.append({name for name in below if not torch.equal(found[name], start[name])})
    top, bottom = "encoder.layers.1.0.weight_hh_l0", "encoder.layers.0.0.weight_hh_l0"
    assert moved[0] == moved[1] == set()
    assert top in moved[2]
    assert bottom not in moved[2]
    assert {top, bottom} <= moved[3]
    assert "input.embedding.weight" not in moved[3]


def test_lower_layers_learn_at_a_smaller_rate(cli, run, data, tmp_path):
    found = tuned(cli, run, data, tmp_path, "--layer-decay", 0.1, "--average", 0, "--lr", 0.01,
                  "--weight-decay", 0, "--schedule", "none")  # fmt: skip
    start = tensors(run)
    moved = [
        float((found[f"encoder.layers.{n}.0.weight_hh_l0"]
               - start[f"encoder.layers.{n}.0.weight_hh_l0"]).abs().mean())
        for n in range(2)
    ]  # fmt: skip
    assert 0 < moved[0] < 0.3 * moved[1]


def test_init_brings_its_own_vocabulary(cli, run, data, tmp_path):
    result = cli("train", "classify", data / "train.tsv", "--init", run, "--vocab",
                 run / "vocab.tsv", "-o", tmp_path / "no", *TUNE)  # fmt: skip
    assert "--init has its own vectors and vocabulary" in one_line_error(result)
    other = tmp_path / "classifier"
    assert cli("train", "classify", data / "train.tsv", "-o", other, "--hidden", 4, *TUNE).code == 0
    result = cli("train", "classify", data / "train.tsv", "--init", other, "-o", tmp_path / "no",
                 *TUNE)  # fmt: skip
    assert "was trained for 'classify', not for 'bilm'" in one_line_error(result)


def test_resuming_a_bilm_gives_the_same_weights(cli, data, tmp_path, monkeypatch):
    from rnntool.training.interrupt import Interrupt

    options = ("--epochs", 2, "--deterministic", *SMALL)
    whole = tmp_path / "whole"
    assert cli("train", "bilm", data / "text.txt", "-o", whole, *options).code == 0
    original = Interrupt.__enter__

    def interrupted(self):
        original(self)
        self.requested = 2  # as if Ctrl-C had come: stops after the first step
        return self

    monkeypatch.setattr(Interrupt, "__enter__", interrupted)
    part = tmp_path / "part"
    assert cli("train", "bilm", data / "text.txt", "-o", part, *options).code == 130
    monkeypatch.undo()
    result = cli("train", "bilm", data / "text.txt", "-o", part, "--resume", *options)
    assert result.code == 0, result.err
    torch.use_deterministic_algorithms(False)
    for name, tensor in tensors(whole).items():
        assert torch.equal(tensor, tensors(part)[name]), name


def test_vectors_depend_on_the_context_and_layer_zero_does_not(cli, run):
    def vectors(*options: object) -> list[list[list[float]]]:
        result = cli("embed", run, "-q", "--threads", 1, *options, input="가 나\n다 나\n\n")
        assert result.code == 0, result.err
        records = [json.loads(line) for line in result.out.splitlines()]
        assert [r["tokens"] for r in records] == [["가", "나"], ["다", "나"], []]
        return [r["vectors"] for r in records]

    top, own = vectors(), vectors("--layer", 0)
    assert top[0][1] != top[1][1]
    assert own[0][1] == own[1][1]
    assert len(top[0][0]) == 12
    assert top[2] == []
    pooled = vectors("--pool", "mean")
    assert np.allclose(pooled[0], np.mean(top[0], axis=0), atol=1e-5)
    assert pooled[2] == [[0.0] * 12]


def test_top_vectors_are_the_stacks_states(run):
    from rnntool.tasks.bilm.embed import embed_tokens
    from rnntool.tasks.bilm.load import load_bilm

    trained = load_bilm(str(run), threads=1)
    (found,) = embed_tokens(trained, [["가", "나", "다"]])
    ids = torch.tensor([trained.run.vocabulary.encode(["<bos>", "가", "나", "다", "<eos>"])])
    x = trained.model.input(ids)
    forward, backward = x, x.flip(1)
    for layer in trained.model.encoder.layers:
        forward, backward = layer[0](forward)[0], layer[1](backward)[0]
    expected = torch.cat([forward, backward.flip(1)], dim=-1)[0, 1:-1]
    assert np.allclose(found.vectors, expected.detach().numpy(), atol=1e-6)


def test_vectors_as_npz_and_as_word2vec_text(cli, run, data, tmp_path):
    for name in ("v.npz", "v.vec"):
        result = cli("embed", run, data / "text.txt", "-o", tmp_path / name, "-q", "--threads", 1)
        assert result.code == 0, result.err
    loaded = np.load(tmp_path / "v.npz", allow_pickle=False)
    assert len(loaded["vectors"]) == len(loaded["tokens"]) == loaded["offsets"][-1]
    lines = (tmp_path / "v.vec").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{len(loaded['tokens'])} 12"
    first = np.array(lines[1].split(" ")[1:], dtype=float)
    assert lines[1].split(" ")[0] == loaded["tokens"][0]
    assert np.allclose(first, loaded["vectors"][0], atol=1e-5)
    result = cli("embed", run, data / "text.txt", "--layer", 3)
    assert "--layer is '3'" in one_line_error(result)


TAG = ("--hidden", 6, "--character-dim", 4, "--character-hidden", 4, "--batch-size", 8,
       "--threads", 1, "--epochs", 2)  # fmt: skip


def test_a_tagger_and_a_classifier_learn_a_mixture_of_frozen_layers(cli, run, data, tmp_path):
    sentences = "".join(f"{w}\tT{n % 2}\n" + ("\n" if n % 3 == 0 else "")
                        for n, w in enumerate("가나다라" * 12))  # fmt: skip
    (tmp_path / "tags.tsv").write_text(sentences, encoding="utf-8")
    for task, source, options in (
        ("tag", tmp_path / "tags.tsv", TAG),
        ("classify", data / "train.tsv", (*TUNE, "--hidden", 5)),
    ):
        out = tmp_path / task
        options = [o for o in options if o != "-q"]
        result = cli("train", task, source, "--features", run, "-o", out, *options)
        assert result.code == 0, result.err
        assert "learned mixture of the biLM's layers: layer 1 0." in result.err
        found, start = tensors(out), tensors(run)
        for name, tensor in start.items():
            if name.startswith(("input.", "encoder.")):
                assert torch.equal(found[f"features.{name}"], tensor)
        assert found["features.scores"].abs().max() > 0
        assert cli("eval", out, source, "-q", "--threads", 1).code == 0
        assert cli("predict", out, "-q", "--threads", 1, input="가 나\n").code == 0


def test_the_mixture_is_the_formula_and_blind_to_padding():
    from rnntool.models.features import ContextFeatures
    from rnntool.models.settings import BiLMModelSettings

    torch.manual_seed(2)
    features = ContextFeatures(BiLMModelSettings(embedding_dim=4, hidden=4, layers=2), 9)
    with torch.no_grad():
        features.scores.copy_(torch.tensor([0.5, -1.0, 2.0]))
        features.scale.fill_(1.5)
    ids, lengths = torch.tensor([[5, 6, 7], [8, 0, 0]]), torch.tensor([3, 1])
    mixed = features(ids, lengths)
    whole = torch.tensor([[2, 8, 3]])
    vectors = features.input(whole)
    layers = [torch.cat([vectors, vectors], -1)]
    layers += [torch.cat(p, -1) for p in features.encoder.all_layers(vectors, torch.tensor([3]))]
    s = torch.softmax(features.scores, 0)
    expected = 1.5 * sum(w * layer for w, layer in zip(s, layers, strict=True))
    assert torch.allclose(mixed[1, 0], expected[0, 1], atol=1e-6)
    mixed.sum().backward()
    assert features.scores.grad.abs().max() > 0
    assert features.input.embedding.weight.grad is None


def test_a_vocabulary_file_trains_as_the_vocabulary_that_is_built(cli, data, tmp_path):
    """A vocabulary file has no `<eos>` count; unsampled, its score would only ever rise."""
    vocabulary = tmp_path / "vocab.tsv"
    cli("build-vocab", data / "text.txt", "--min-count", 2, "-o", vocabulary)
    common = (*SMALL, "--validation", 0, "--samples", 4, "--epochs", 2)
    cli("train", "bilm", data / "text.txt", "-o", tmp_path / "built", *common)
    cli("train", "bilm", data / "text.txt", "--vocab", vocabulary, "-o", tmp_path / "file", *common)
    built, file = (load_file(tmp_path / name / WEIGHTS) for name in ("built", "file"))
    assert built.keys() == file.keys()
    for name, weights in built.items():
        torch.testing.assert_close(file[name], weights, rtol=0, atol=0)
