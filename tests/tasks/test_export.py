"""A classifier as ONNX: onnxruntime gives the scores that torch gives."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from rnntool.data.sequences import pack_sequences
from rnntool.tasks.classify.export import run_onnx
from rnntool.tasks.classify.load import load_classifier
from tests.conftest import one_line_error

WORDS = list("가나다라마바사")
SMALL = ("--embedding-dim", 12, "--hidden", 9, "--epochs", 1, "--threads", 1, "-q",
         "--batch-size", 8, "--validation", 0.2)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "rows.tsv"
    draw = np.random.default_rng(1)
    lines = [" ".join(draw.choice(WORDS, draw.integers(1, 12))) for _ in range(60)]
    rows = "".join(f"{line}\t{len(line) % 3}\n" for line in lines)
    path.write_text("document\tlabel\n" + rows, encoding="utf-8")
    return path


def trained(cli, data, folder, *options):
    result = cli("train", "classify", data, "-o", folder / "run", *SMALL, *options)
    assert result.code == 0, result.err
    return folder / "run"


@pytest.mark.parametrize(
    "options",
    [
        ("--cell", "lstm", "--layers", 2, "--bidirectional"),
        ("--cell", "gru", "--pooling", "last"),
        ("--cell", "rnn-relu", "--encoder", "directional", "--pooling", "max"),
        ("--encoder", "cnn"),
        ("--encoder", "cnn-rnn", "--conv-pool", 2),
        ("--input", "one-hot", "--pooling", "mean"),
    ],
)
def test_onnxruntime_gives_the_same_scores(cli, data, tmp_path, options):
    run = trained(cli, data, tmp_path, *options)
    result = cli("export", run, "-o", tmp_path / "m.onnx", "-q")
    assert result.code == 0, result.err
    texts = ["가", "나 다 라 모르는 가", "가 나 다 라 마 바 사 가 나 다 라 마 바", "", "라 라"]
    classifier = load_classifier(str(run), "cpu", 1)
    encode = classifier.run.vocabulary.encode
    sequences = pack_sequences(encode(text.split()) for text in texts)
    found = run_onnx((tmp_path / "m.onnx").read_bytes(), sequences)
    np.testing.assert_allclose(found, classifier.probabilities(texts), atol=1e-5)
    for text, row in zip(texts, found, strict=True):  # a batch of one, without padding
        if text:
            alone = run_onnx((tmp_path / "m.onnx").read_bytes(),
                             pack_sequences([encode(text.split())]))  # fmt: skip
            np.testing.assert_allclose(alone[0], row, atol=1e-5)


def test_eight_bits_are_smaller_and_near_and_say_what_they_cost(cli, data, tmp_path):
    run = trained(cli, data, tmp_path, "--embedding-dim", 64, "--hidden", 64)
    for name, extra in (("whole", ()), ("small", ("--int8",))):
        result = cli("export", run, "-o", tmp_path / f"{name}.onnx", "--check", data, *extra)
        assert result.code == 0, result.err
    assert "accuracy of the file" in result.out
    sizes = [(tmp_path / f"{name}.onnx").stat().st_size for name in ("whole", "small")]
    assert sizes[1] < 0.5 * sizes[0]
    sequences = pack_sequences([[4, 5, 6], [5]])
    whole, small = (
        run_onnx((tmp_path / f"{name}.onnx").read_bytes(), sequences) for name in ("whole", "small")
    )
    assert not np.array_equal(whole, small)
    np.testing.assert_allclose(small, whole, atol=0.05)


def test_the_file_says_what_a_program_needs(cli, data, tmp_path):
    run = trained(cli, data, tmp_path)
    assert cli("export", run, "-o", tmp_path / "m.onnx", "-q").code == 0
    onnx.checker.check_model(str(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    own = load_classifier(str(run), "cpu", 1)
    assert metadata["labels"].split("\n") == own.labels
    assert tuple(metadata["vocabulary"].split("\n")) == tuple(own.run.vocabulary.tokens)
    assert metadata["tokenizer"] == own.tokenizer
    assert "exists" in one_line_error(cli("export", run, "-o", tmp_path / "m.onnx"))


def test_what_cannot_be_exported_is_named_and_nothing_is_written(cli, data, tmp_path):
    run = trained(cli, data, tmp_path, "--layer-norm")
    result = cli("export", run, "-o", tmp_path / "m.onnx")
    assert "layer_norm cannot be exported" in one_line_error(result)
    assert not (tmp_path / "m.onnx").exists()
