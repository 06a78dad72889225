"""`rnntool.load`: the same answers as the commands, from a script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import rnntool
from rnntool.api import classifier

TEXTS = ["좋은 영화", "나쁜 영화 정말", "", "좋은 좋은 영화", "처음 보는 말"]
SMALL = ("--epochs", 1, "--threads", 1, "-q", "--hidden", 6, "--embedding-dim", 5,
         "--batch-size", 8)  # fmt: skip
SEVERAL = ("--label-separator", ",", "--epochs", 12, "--lr", 0.03)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    folder = tmp_path_factory.mktemp("api")
    draw = np.random.default_rng(3)
    lines = [" ".join(draw.choice(["좋은", "나쁜", "영화", "정말"], draw.integers(1, 6)))
             for _ in range(80)]  # fmt: skip
    (folder / "lines.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{'pos' if '좋은' in line else 'neg'}\n" for line in lines)
    (folder / "rows.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    pairs = "".join(f"{line}\t{line[::-1]}\n" for line in lines)
    (folder / "pairs.tsv").write_text("source\ttarget\n" + pairs, encoding="utf-8")
    tagged = "".join("".join(f"{w}\t{w[0]}\n" for w in line.split()) + "\n" for line in lines)
    several = "".join(f"{w} {w}\t{','.join(sorted(set(w.split())))}\n" for w in lines)
    (folder / "several.tsv").write_text("document\tlabel\n" + several, encoding="utf-8")
    (folder / "tagged.tsv").write_text(tagged, encoding="utf-8")
    values = "".join(f"{np.sin(n / 3):.4f}\n" for n in range(120))
    (folder / "series.csv").write_text("value\n" + values, encoding="utf-8")
    for name, *arguments in (
        ("classify", "rows.tsv", "--bidirectional"),
        ("classify", "several.tsv", "--multi-label", *SEVERAL),
        ("tag", "tagged.tsv"),
        ("lm", "lines.txt", "--unit", "word", "--lines"),
        ("bilm", "lines.txt"),
        ("seq2seq", "pairs.tsv", "--unit", "char"),
    ):
        file, *flags = arguments
        output = folder / ("several" if file == "several.tsv" else name)
        run(app, CliRunner(), ["train", name, folder / file, "-o", output, *SMALL, *flags])
    run(app, CliRunner(), ["train", "forecast", folder / "series.csv", "-o", folder / "forecast",
                           "--target", "value", "--window", 10, "--horizon", 3, "--epochs", 1,
                           "--threads", 1, "-q"])  # fmt: skip
    return folder


def run(app, runner, arguments) -> None:
    result = runner.invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.stderr


def test_a_classifier_answers_as_predict_does(folder, cli):
    model = rnntool.load(folder / "classify")
    answers = [json.loads(line) for line in cli(
        "predict", folder / "classify", "--json", "-q", input="\n".join(TEXTS) + "\n"
    ).out.splitlines()]  # fmt: skip
    probabilities = model.predict_proba(TEXTS)
    assert probabilities.shape == (5, 2)
    assert model.predict(TEXTS) == [a["label"] for a in answers]
    np.testing.assert_allclose(
        probabilities.max(axis=1), [a["probability"] for a in answers], atol=1e-6
    )
    assert model.labels == ["neg", "pos"]
    assert model.predict([]) == []
    assert model.predict_proba(iter([])).shape == (0, 2)


def test_loading_makes_waiting_threads_sleep_soon(folder, monkeypatch):
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    rnntool.load(folder / "classify")
    assert [os.environ.get(name) for name in names] == [None, "1000"]


def test_texts_beyond_a_batch_are_answered_in_order(folder, monkeypatch):
    model = rnntool.load(folder / "classify")
    wanted = model.predict_proba(TEXTS)
    monkeypatch.setattr(classifier, "_TOGETHER", 2)
    np.testing.assert_allclose(model.predict_proba(TEXTS), wanted, atol=1e-6)


def test_a_multi_label_classifier_answers_as_predict_does(folder, cli):
    model = rnntool.load(folder / "several")
    told = cli("predict", folder / "several", "--json", "-q", input="\n".join(TEXTS) + "\n").out
    wanted = [json.loads(line)["labels"] for line in told.splitlines()]
    assert model.predict(TEXTS) == wanted
    assert {len(labels) for labels in wanted} - {1}  # else the test could not fail


def test_an_explanation_is_explains(folder, cli):
    model = rnntool.load(folder / "classify")
    for label in ("pos", "neg"):
        for method in ("ig", "gradient", "leave-one-out"):
            found = model.explain(TEXTS[1], label=label, method=method)
            told = json.loads(cli("explain", folder / "classify", "--text", TEXTS[1], "--label",
                                  label, "--method", method, "--json", "-q").out)  # fmt: skip
            assert found.tokens == told["tokens"]
            np.testing.assert_allclose(found.attributions, told["attributions"], atol=1e-5)
    with pytest.raises(rnntool.UserError, match="method is 'shap'"):
        model.explain(TEXTS[0], method="shap")


def test_a_tagger_takes_tokens_or_text(folder, cli):
    model = rnntool.load(folder / "tag")
    tags = model.predict([["좋은", "영화"], "좋은 영화", ""])
    assert tags[0] == tags[1]
    assert tags[2] == []
    assert model.predict(["", []]) == [[], []]
    assert model.predict([]) == []
    (shares,) = model.tag_proba(["좋은 영화"])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert [model.labels[n] for n in shares.argmax(axis=1)] == tags[0]
    told = json.loads(cli("predict", folder / "tag", "--format", "lines", "--json", "-q",
                          input="좋은 영화\n").out)  # fmt: skip
    assert tags[0] == told["tags"]
    with pytest.raises(TypeError, match="write \\[text\\]"):
        model.predict("좋은 영화")


def test_a_language_model_writes_and_scores_as_the_commands_do(folder, cli):
    model = rnntool.load(folder / "lm")
    told = cli("score", folder / "lm", "-q", input="\n".join(TEXTS) + "\n").out.splitlines()
    wanted = [float(line.split("\t")[0]) for line in told]
    np.testing.assert_allclose(model.score(TEXTS), wanted, atol=1e-3)
    prompt = "좋은"
    for length, seed, settings in (
        (8, 5, {}), (5, 6, {"temperature": 0}), (6, 7, {"top_k": 1}), (7, 8, {"top_p": 0.01}),
        (7, 9, {"temperature": 0.5, "top_k": 3}),
    ):  # fmt: skip
        text = model.generate(prompt, length=length, seed=seed, **settings)
        assert text == model.generate(prompt, length=length, seed=seed, **settings)
        flags = [part for name, value in settings.items()
                 for part in (f"--{name.replace('_', '-')}", value)]  # fmt: skip
        whole = cli("generate", folder / "lm", "--prompt", prompt, "--length", length,
                    "--seed", seed, *flags, "-q").out  # fmt: skip
        assert whole == f"{prompt} {text}\n"


def test_a_bilm_embeds_and_scores(folder, cli):
    model = rnntool.load(folder / "bilm")
    each = model.embed(TEXTS)
    assert [len(vectors) for vectors in each] == [2, 3, 0, 3, 3]
    pooled = model.embed(TEXTS, pool="mean", layer="0")
    assert pooled.shape == (5, 5)
    np.testing.assert_array_equal(pooled[2], 0)
    assert (model.embed([]), len(model.embed([], pool="mean"))) == ([], 0)
    told = cli("embed", folder / "bilm", "-q", input=TEXTS[1] + "\n").out
    np.testing.assert_allclose(each[1], json.loads(told)["vectors"], atol=1e-5)
    score = cli("score", folder / "bilm", "-q", input=TEXTS[1] + "\n").out.split("\t")
    np.testing.assert_allclose(model.score(TEXTS)[1], [float(score[0]), float(score[1])], atol=1e-3)


def test_a_seq2seq_model_answers_each_text(folder, cli):
    model = rnntool.load(folder / "seq2seq")
    told = cli("predict", folder / "seq2seq", "-q", input="좋은 영화\n정말\n").out.splitlines()
    assert model.predict(["좋은 영화", "정말"]) == told
    flags = ("--length", 2, "--beam", 3)
    told = cli("predict", folder / "seq2seq", *flags, "-q", input="좋은 영화\n정말\n").out
    assert model.predict(["좋은 영화", "정말"], length=2, beam=3) == told.splitlines()


def test_a_forecaster_goes_on_with_each_series(folder, cli):
    model = rnntool.load(folder / "forecast")
    values = np.array([float(line) for line in
                       (folder / "series.csv").read_text().splitlines()[1:]])  # fmt: skip
    (ahead,) = model.predict([values])
    told = cli("predict", folder / "forecast", folder / "series.csv", "-q").out.splitlines()[1:]
    np.testing.assert_allclose(
        ahead[:, 0], [float(line.split("\t")[1]) for line in told], rtol=1e-4
    )
    with pytest.raises(rnntool.UserError, match="at least 10 rows of 1 columns: value"):
        model.predict([values[:4]])
    with pytest.raises(rnntool.UserError, match="shape \\[60, 2\\]"):
        model.predict([values.reshape(60, 2)])


def test_threads_get_what_one_gets(folder):
    model = rnntool.load(folder / "classify")
    wanted = model.predict_proba(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: model.predict_proba(TEXTS), range(40)):
            np.testing.assert_array_equal(found, wanted)


def test_what_a_task_lacks_is_said_in_one_line(folder, tmp_path):
    with pytest.raises(rnntool.UserError) as error:
        rnntool.load(folder / "classify").generate("x")
    assert "train classify has no generate()" in str(error.value)
    assert "it has predict(), predict_proba(), explain()" in str(error.value)
    with pytest.raises(rnntool.UserError) as error:
        rnntool.load(folder / "tag").predict_proba(TEXTS)
    assert error.value.hint == "it has predict(), tag_proba(), tokens()"
    other = shutil.copytree(folder / "lm", tmp_path / "caption")
    config = other / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("task: lm", "task: caption"), "utf-8")
    with pytest.raises(rnntool.UserError, match="train caption cannot be loaded in Python"):
        rnntool.load(other)
    with pytest.raises(rnntool.UserError, match="gpu"):
        rnntool.load(folder / "classify", device="gpu")
    with pytest.raises(rnntool.UserError):
        rnntool.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match="write \\[text\\]"):
        rnntool.load(folder / "classify").predict("좋은 영화")
    with pytest.raises(TypeError, match="text 1 is not a string, but float"):
        rnntool.load(folder / "classify").predict(["좋은", float("nan")])


def test_numpy_answers_without_torch(folder):
    code = (
        "import sys, rnntool\n"
        "assert not {'torch', 'numpy', 'typer'} & set(sys.modules)\n"
        f"model = rnntool.load({str(folder / 'classify')!r})\n"
        "model.predict(['좋은 영화']), model.explain('좋은 영화')\n"
        f"rnntool.load({str(folder / 'lm')!r}).score(['좋은'])\n"
        f"rnntool.load({str(folder / 'lm')!r}).generate(length=3)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="nothing"):
        _ = rnntool.nothing
