"""A classifier as ONNX: onnxruntime gives the scores that torch gives."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from tokenizers import Tokenizer

from rnntool.data.sequences import pack_sequences
from rnntool.tasks.classify.export import run_onnx
from rnntool.tasks.classify.load import load_classifier
from tests.conftest import needs_python_mecab_ko, one_line_error

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


def whitespace(text: str) -> list[str]:
    return text.split()


def characters(text: str) -> list[str]:
    return [{" ": "▁", "▁": "▁▁"}.get(c, c) for c in text]


def jamo(text: str) -> list[str]:
    hangul = range(0xAC00, 0xD7A4)
    parts = (unicodedata.normalize("NFD", c) if ord(c) in hangul else c for c in text)
    return characters("".join(parts))


def mecab(text: str) -> list[str]:
    import mecab

    return mecab.MeCab().morphs(text)


def kiwi(text: str) -> list[str]:
    import kiwipiepy

    return [token.form for token in kiwipiepy.Kiwi().tokenize(text)]


def konlpy(name: str) -> Callable[[str], list[str]]:
    def tokens(text: str) -> list[str]:
        import konlpy.tag

        found: list[str] = getattr(konlpy.tag, name)().morphs(text)
        return found

    return tokens


TOKENIZE = {
    "kiwi": kiwi,
    "okt": konlpy("Okt"),
    "whitespace": whitespace,
    "char": characters,
    "jamo": jamo,
    "mecab": mecab,
}


def tokens_by(metadata: dict[str, str], text: str) -> list[str]:
    """What a program without rnntool does: the file's metadata say all that it needs."""
    base, _, subword = metadata["tokenizer"].partition("|subword@")
    tokens = TOKENIZE[base](text)
    if not subword:
        return tokens
    model = Tokenizer.from_str(json.dumps(json.loads(metadata["subword_model"])["model"]))
    found = []
    for token in tokens:
        encoded = model.encode("▁" + token)
        for piece, (start, end) in zip(encoded.tokens, encoded.offsets, strict=True):
            found.append(("▁" + token)[start:end] if piece == "<unk>" else piece)
    return found


@pytest.mark.parametrize(
    "tokenizer",
    [
        "whitespace", "char", "jamo", pytest.param("mecab", marks=needs_python_mecab_ko), "kiwi",
        "okt", "subword", pytest.param("morphs", marks=needs_python_mecab_ko),
    ],
)  # fmt: skip
def test_raw_text_is_answered_from_the_file_alone(cli, tmp_path, tokenizer):
    raw, tokens, model = tmp_path / "raw.tsv", tmp_path / "x.tok", tmp_path / "bpe.json"
    texts = [
        "정말 재밌는 영화였다",
        "너무 지루하고 재미없다",
        "배우들 연기가 좋다",
        "시간이 아까운 영화",
    ]
    rows = "".join(f"{text}\t{n % 2}\n" for n, text in enumerate(texts * 8))
    raw.write_text("document\tlabel\n" + rows, encoding="utf-8")
    base = {"subword": "whitespace", "morphs": "mecab"}.get(tokenizer, tokenizer)
    assert cli("tokenize", raw, "-t", base, "-o", tokens, "-q").code == 0
    if tokenizer != base:
        assert cli("build-vocab", tokens, "--subword", 40, "-o", model, "-q").code == 0
        command = ("tokenize", tokens, "-t", "subword", "--model", model)
        assert cli(*command, "-o", tmp_path / "sub.tok", "-q").code == 0
        tokens = tmp_path / "sub.tok"
    run = trained(cli, tokens, tmp_path)
    assert cli("export", run, "-o", tmp_path / "m.onnx", "-q").code == 0
    asked = ["재밌는 배우들", "지루하다 ㅋㅋ 𝄞", "그냥"]
    expected = [json.loads(line)["probabilities"] for line in cli(
        "predict", run, "--json", "--proba", "-q", input="\n".join(asked) + "\n"
    ).out.splitlines()]  # fmt: skip
    shutil.rmtree(run)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    numbers = {token: n for n, token in enumerate(metadata["vocabulary"].split("\n"))}
    for text, wanted in zip(asked, expected, strict=True):
        ids = [numbers.get(token, numbers["<unk>"]) for token in tokens_by(metadata, text)]
        feed = {"ids": np.array([ids]), "lengths": np.array([len(ids)])}
        (found,) = session.run(None, feed)
        labels = metadata["labels"].split("\n")
        np.testing.assert_allclose(found[0], [wanted[label] for label in labels], atol=1e-5)


def test_what_cannot_be_exported_is_named_and_nothing_is_written(cli, data, tmp_path):
    run = trained(cli, data, tmp_path, "--layer-norm")
    result = cli("export", run, "-o", tmp_path / "m.onnx")
    assert "layer_norm cannot be exported" in one_line_error(result)
    assert not (tmp_path / "m.onnx").exists()
