"""Every option of a classifier, by `predict` and as ONNX, against NumPy written in plain.py."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnxruntime
import pytest

from rnntool import tasks
from rnntool.formats.weights import read_weights
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from tests.conftest import one_line_error
from tests.independent.plain import compared, probabilities

WORDS = list("가나다라마바사아")
TEXTS = ["가", "나 다 라 모르는 가", "가 나 다 라 마 바 사 아 가 나 다", "", "라 라"]
SIZES = {"hidden": 5, "embedding_dim": 4, "batch_size": 8, "epochs": 2, "threads": 1, "lr": 0.05}
# What a file of ONNX holds: every encoder, cell, pooling, input and output.
EXPORTED: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "pooling": "last"},
    "rnn-relu, both ways, max": {"cell": "rnn-relu", "bidirectional": True, "pooling": "max"},
    "lstm, 2 layers, both ways, all": {"layers": 2, "bidirectional": True},
    "gru, 2 layers, mean": {"cell": "gru", "layers": 2, "pooling": "mean"},
    "lstm, residual, 3 layers, last": {"residual": True, "layers": 3, "pooling": "last"},
    "gru, residual, both ways": {"cell": "gru", "residual": True, "layers": 2,
                                 "bidirectional": True},
    "directional": {"encoder": "directional", "layers": 2},
    "directional, residual, last": {"encoder": "directional", "cell": "gru", "layers": 2,
                                    "residual": True, "pooling": "last"},
    "cnn, even width": {"encoder": "cnn", "conv_widths": "1,2,4", "conv_filters": 3},
    "cnn, residual, 2 layers": {"encoder": "cnn", "conv_widths": "3,2", "conv_filters": 3,
                                "layers": 2, "residual": True, "pooling": "last"},
    "cnn-rnn, pool 2": {"encoder": "cnn-rnn", "conv_filters": 3, "bidirectional": True},
    "cnn-rnn, pool 3, last": {"encoder": "cnn-rnn", "conv_filters": 3, "conv_pool": 3,
                              "cell": "gru", "pooling": "last"},
    "one-hot": {"input": "one-hot", "cell": "gru"},
    "sigmoid": {"output_unit": "sigmoid"},
    "max length": {"max_length": 3, "pooling": "last"},
    "recurrent dropout": {"recurrent_dropout": 0.4},
    "recurrent dropout, directional": {"recurrent_dropout": 0.4, "encoder": "directional",
                                       "cell": "gru"},
}  # fmt: skip
# What is answered, but not exported.
ANSWERED: dict[str, dict[str, Any]] = {
    "layer norm, rnn": {"cell": "rnn", "layer_norm": True},
    "layer norm, rnn-relu": {"cell": "rnn-relu", "layer_norm": True},
    "layer norm, lstm, both ways": {"layer_norm": True, "bidirectional": True},
    "layer norm, gru": {"cell": "gru", "layer_norm": True},
    "layer norm, gru-reset-before": {"cell": "gru-reset-before", "layer_norm": True},
    "layer norm, residual": {"layer_norm": True, "residual": True, "layers": 2},
    "gru-reset-before, both ways": {"cell": "gru-reset-before", "bidirectional": True},
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifiers") / "rows.tsv"
    draw = np.random.default_rng(1)
    lines = [" ".join(draw.choice(WORDS, draw.integers(1, 12))) for _ in range(60)]
    rows = "".join(f"{line}\t{int('가' in line)}\n" for line in lines)
    path.write_text("document\tlabel\n" + rows, encoding="utf-8")
    return path


def trained(data, folder, options):
    settings = ClassifySettings(**{**SIZES, **options})
    tasks.train("classify", [str(data)], str(folder / "run"), settings, QuietReporter())
    run = open_run(str(folder / "run"))
    return run, {name: array.astype(float) for name, array in read_weights(run.weights).items()}


def answered(cli, run):
    out = cli("predict", run.path, "--json", "--proba", "-q", input="\n".join(TEXTS) + "\n").out
    return [[json.loads(line)["probabilities"][label] for label in run.labels]
            for line in out.splitlines()]  # fmt: skip


@pytest.mark.parametrize("name", EXPORTED)
def test_answers_and_onnx(cli, data, tmp_path, name):
    run, w = trained(data, tmp_path, EXPORTED[name])
    numbers = [run.vocabulary.encode(text.split()) for text in TEXTS]
    wanted = [probabilities(w, run.config.settings, ids) for ids in numbers]
    compared(f"predict, {name}", answered(cli, run), wanted, 2e-6)
    result = cli("export", run.path, "-o", tmp_path / "m.onnx", "-q")
    assert result.code == 0, result.err
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    limit = int(session.get_modelmeta().custom_metadata_map["max_length"]) or None
    cut = [ids[:limit] for ids in numbers]
    padded = np.zeros((len(cut), max(map(len, cut)) + 2), dtype=np.int64)  # and padded further
    for row, ids in enumerate(cut):
        padded[row, : len(ids)] = ids
    lengths = np.array([len(ids) for ids in cut])
    (found,) = session.run(None, {"ids": padded, "lengths": lengths})
    compared(f"ONNX, {name}", found, wanted, 2e-6)
    for row in (0, 1, 2):  # a batch of one, without padding
        one = {"ids": padded[row : row + 1, : lengths[row]], "lengths": lengths[row : row + 1]}
        np.testing.assert_allclose(session.run(None, one)[0][0], wanted[row], atol=2e-6)


@pytest.mark.parametrize("name", ANSWERED)
def test_answers_of_what_is_not_exported(cli, data, tmp_path, name):
    run, w = trained(data, tmp_path, ANSWERED[name])
    numbers = [run.vocabulary.encode(text.split()) for text in TEXTS]
    wanted = [probabilities(w, run.config.settings, ids) for ids in numbers]
    compared(f"predict, {name}", answered(cli, run), wanted, 2e-6)
    assert "cannot be exported" in one_line_error(
        cli("export", run.path, "-o", tmp_path / "m.onnx")
    )


@pytest.mark.parametrize("width", [4, 5], ids=["D ≠ H", "D = H"])
def test_a_classifier_with_features(cli, data, tmp_path, width):
    text = tmp_path / "text.txt"
    text.write_text("가 나 다 라\n마 바 사 아\n나 라 바 아 가\n" * 20, encoding="utf-8")
    settings = BiLMSettings(
        hidden=5, embedding_dim=width, layers=2, batch_size=4, epochs=1, min_count=1, samples=0,
        lines=True, unit="word", validation="0",
    )  # fmt: skip
    tasks.train("bilm", [str(text)], str(tmp_path / "bilm"), settings, QuietReporter())
    run, w = trained(data, tmp_path, {"features": str(tmp_path / "bilm"), "epochs": 3})
    assert np.ptp(w["features.scores"]) > 0  # the mixture has learned something
    bilm = open_run(str(tmp_path / "bilm")).config.settings
    numbers = [run.vocabulary.encode(text.split()) for text in TEXTS]
    wanted = [probabilities(w, run.config.settings, ids, bilm) for ids in numbers]
    compared(f"predict --features, D = {width}, H = 5", answered(cli, run), wanted, 2e-6)
