"""Captioning: a vector in, a text out, through the commands; NumPy's engine against torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rnntool.formats.vector_rows import read_vector_rows
from rnntool.inference.language_model import NumpyLanguageModel
from rnntool.models.caption import CaptionModel
from rnntool.models.settings import CaptionModelSettings
from rnntool.text.vocabulary import BOS_ID
from tests.conftest import one_line_error

SMALL = ("--hidden", 24, "--embedding-dim", 12, "--batch-size", 8, "--epochs", 20, "--lr", 0.02,
         "--dropout", 0, "--threads", 1, "-q")  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("caption")
    texts = ["좋다 좋아", "싫다 싫어"] * 40
    (folder / "text.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    np.save(folder / "vectors.npy", np.array([[5.0, 1.0], [-5.0, 1.5]] * 40, dtype=np.float32))
    return folder


@pytest.mark.parametrize("condition", ["state", "input"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_vector_decides_what_is_written(cli, data, tmp_path, condition, cell):
    run = tmp_path / "run"
    result = cli("train", "caption", data / "text.txt", data / "vectors.npy", "-o", run,
                 "--condition", condition, "--cell", cell, *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    for row, text in ((1, "좋다 좋아\n"), (2, "싫다 싫어\n")):
        written = cli("generate", run, "--vectors", data / "vectors.npy", "--row", row,
                      "--greedy", "-q")  # fmt: skip
        assert written.out == text
    figures = json.loads(cli("eval", run, data / "text.txt", "--vectors", data / "vectors.npy",
                             "--json", "-q", "--threads", 1).out)  # fmt: skip
    assert figures["perplexity"] < 1.1 < figures["perplexity_with_the_mean_vector"]


@pytest.mark.parametrize("condition", ["state", "input"])
@pytest.mark.parametrize("cell", ["rnn", "rnn-relu", "lstm", "gru", "gru-reset-before"])
@pytest.mark.parametrize("layers", [1, 2])
def test_numpys_engine_and_torch_say_the_same(condition, cell, layers):
    torch.manual_seed(1)
    settings = CaptionModelSettings(
        condition=condition, cell=cell, layers=layers, hidden=7, embedding_dim=5
    )
    mean, deviation = torch.randn(3), torch.rand(3) + 0.5
    model = CaptionModel(settings, 9, mean, deviation).eval()
    vector = torch.randn(1, 3)
    ids = [BOS_ID, 5, 6, 8]
    states = model.states(torch.tensor(ids)[:, None], vector)
    expected = torch.log_softmax(model.output.linear(states[:, 0]), dim=-1).detach().numpy()
    tensors = {name: t.numpy() for name, t in model.state_dict().items()}
    engine = NumpyLanguageModel(cell, tensors, vector[0].numpy())
    state = engine.zero_states()
    for step, token in enumerate(ids):
        found, state = engine.step(np.array([token]), state)
        assert np.allclose(found[0], expected[step], atol=1e-5)


@pytest.mark.parametrize(("name", "content", "message"), [
    ("v.csv", "a,b\n1,2\n3\n", ":3: 1 numbers, but 2 in the first row"),
    ("v.csv", "1,2\n3,x\n", ":2: 'x' is not a number"),
    ("v.csv", "1,2\n3,4\n", "2 vectors, but"),
    ("v.npy", "no array", "is not a .npy file"),
    ("v.csv", "", "has the shape"),
])  # fmt: skip
def test_bad_vectors_are_refused(cli, data, tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    result = cli("train", "caption", data / "text.txt", path, "-o", tmp_path / "run", *SMALL)
    assert message in one_line_error(result)


def test_vectors_with_a_header_and_without_are_the_same(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("1,2\n3,4\n", encoding="utf-8")
    assert read_vector_rows(str(tmp_path / "a.csv")).tolist() == [[1, 2], [3, 4]]
    assert read_vector_rows(str(tmp_path / "b.csv")).tolist() == [[1, 2], [3, 4]]


def test_pickled_arrays_are_not_loaded(tmp_path, cli, data):
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    result = cli("train", "caption", data / "text.txt", tmp_path / "v.npy", "-o",
                 tmp_path / "run", *SMALL)  # fmt: skip
    assert "is not a .npy file" in one_line_error(result)


@pytest.mark.parametrize("condition", ["state", "input"])
def test_a_captioner_with_layer_norm_writes_by_torch(cli, data, tmp_path, condition):
    run = tmp_path / "run"
    result = cli("train", "caption", data / "text.txt", data / "vectors.npy", "-o", run,
                 "--condition", condition, "--layer-norm", *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    written = cli("generate", run, "--vectors", data / "vectors.npy", "--row", 2, "--greedy", "-q")
    assert written.out == "싫다 싫어\n"
