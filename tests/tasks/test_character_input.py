"""Tokens read by their characters: no word is unknown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnntool.data.spelling import LONGEST, make_spelling
from rnntool.models.bilm import BiLM
from rnntool.models.character_input import CharacterInput, Highway
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.text.vocabulary import SPECIALS
from tests.conftest import one_line_error

SMALL = ("--embedding-dim", 8, "--hidden", 6, "--batch-size", 8, "--threads", 1, "-q",
         "--validation", 0.2, "--epochs", 1)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("characters")
    draw = np.random.default_rng(1)
    words = ["영화", "재미", "재미있다", "없다", "배우", "연기", "최고", "최악"]
    lines = [" ".join(draw.choice(words, draw.integers(1, 7))) for _ in range(90)]
    (folder / "text.txt").write_text("\n".join(["한번 나온 낱말", *lines]) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{'pos' if '최고' in line else 'neg'}\n" for line in lines)
    (folder / "train.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(data) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = data / "run"
    arguments = ["train", "bilm", data / "text.txt", "-o", path, "--input", "characters",
                 "--min-count", 2, "--validation", 0.2, *SMALL]  # fmt: skip
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.stderr
    return path


def test_a_table_spells_words_and_gives_each_special_a_character_of_its_own():
    spelling = make_spelling("jamo", [*SPECIALS, "가나", "나"])
    table = spelling.table([*SPECIALS, "가나", "나", "힣" * 30])
    assert table[:4, 0].tolist() == [0, 1, 2, 3]
    assert not table[:4, 1:].any()
    n = int((table[5] > 0).sum())
    assert table[4, n : 2 * n].tolist() == table[5, :n].tolist()  # 가나 ends as 나
    assert (table[6] > 0).all()
    assert table.shape == (7, LONGEST)


def test_the_highway_is_the_formula():
    torch.manual_seed(1)
    layer = Highway(3).double()
    x = torch.randn(2, 3, dtype=torch.float64)
    t = 1 / (1 + torch.exp(-(x @ layer.gate.weight.T + layer.gate.bias)))
    y = (x @ layer.transform.weight.T + layer.transform.bias).clamp(min=0)
    assert torch.allclose(layer(x), t * y + (1 - t) * x)


def test_vectors_depend_on_the_spelling_alone():
    torch.manual_seed(1)
    part = CharacterInput(4, 9, 5)
    part.spell(torch.tensor([[0] * LONGEST, [4, 5] + [0] * (LONGEST - 2),
                             [4, 5] + [0] * (LONGEST - 2), [6] + [0] * (LONGEST - 1)]))  # fmt: skip
    with torch.no_grad():
        vectors = part(torch.tensor([[1, 3, 0], [2, 1, 3]]))
        assert torch.equal(vectors[0, 0], vectors[1, 0])  # two numbers, one spelling
        assert not torch.allclose(vectors[0, 0], vectors[0, 1])
        assert not vectors[0, 2].any()  # <pad>
        part.read_also(torch.tensor([[4, 5] + [0] * (LONGEST - 2)]))
        assert torch.allclose(part(torch.tensor([[4]]))[0, 0], vectors[0, 0], atol=1e-6)


def test_gradients_reach_the_characters():
    torch.manual_seed(1)
    model = BiLM(BiLMSettings(input="characters", embedding_dim=4, hidden=3),
                 torch.arange(6), 9, characters=7)  # fmt: skip
    model.input.spell(torch.randint(1, 7, (9, LONGEST)))
    ids = torch.tensor([[2, 8, 5, 3]])
    forward, backward, _ = model(ids, torch.tensor([4]))
    assert forward.targets.tolist() == [1, 5, 3]  # number 8 can be read, but not be predicted
    assert backward.targets.tolist() == [2, 1, 5]
    forward.features.sum().backward()
    gradient = model.input.encoder.embedding.weight.grad
    assert gradient is not None
    assert gradient[1:].abs().sum() > 0


def test_rare_words_are_read_and_not_predicted(run):
    tensors = load_file(run / "weights.safetensors")
    words = (run / "vocab.tsv").read_text("utf-8")
    assert "낱말\t1\n" in words
    read, predicted = (tensors[n].shape[0] for n in ("input.spelling", "output.embedding.weight"))
    assert read == len([line for line in words.splitlines() if not line.startswith("#")])
    assert predicted == read - 3  # the three words that stand there once
    assert (run / "spelling.tsv").is_file()


def test_eval_and_vectors_of_words_never_seen(cli, run, data):
    figures = json.loads(cli("eval", run, data / "text.txt", "--json", "-q", "--threads", 1).out)
    assert 1 < figures["forward_perplexity"] < 40
    lines = cli("embed", run, "-q", "--threads", 1, "--layer", 0,
                input="재미 새낱말 딴낱말 재미\n").out  # fmt: skip
    vectors = np.array(json.loads(lines.splitlines()[0])["vectors"])
    assert np.array_equal(vectors[0], vectors[3])
    assert np.abs(vectors[1] - vectors[2]).max() > 1e-4  # not one <unk> for both


def test_a_classifier_takes_the_characters_over_and_knows_all_words(cli, run, data, tmp_path):
    tuned = tmp_path / "tuned"
    result = cli("train", "classify", data / "train.tsv", "--init", run, "-o", tuned, "--epochs", 1,
                 "--lr", 0, "--batch-size", 8, "--threads", 1, "-q")  # fmt: skip
    assert result.code == 0, result.err
    start, found = (load_file(path / "weights.safetensors") for path in (run, tuned))
    for name, tensor in found.items():
        if name.startswith(("input.", "encoder.")) and name != "input.spelling":
            assert torch.equal(start[name], tensor), name
    answers = cli("predict", tuned, "-q", "--proba", "--threads", 1,
                  input="새낱말\n딴말\n새낱말\n").out.splitlines()  # fmt: skip
    assert answers[0] == answers[2] != answers[1]


def test_from_scratch_without_a_language_model(cli, data, tmp_path):
    result = cli("train", "classify", data / "train.tsv", "--input", "characters", "-o",
                 tmp_path / "run", *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    assert cli("eval", tmp_path / "run", data / "train.tsv", "-q", "--threads", 1).code == 0
    refused = cli("inspect-grad", tmp_path / "run", "--text", "재미")
    assert "an input that reads characters" in one_line_error(refused)


def test_what_takes_token_vectors_refuses_it(cli, run, data, tmp_path):
    result = cli("train", "classify", data / "train.tsv", "--features", run, "-o", tmp_path / "no",
                 *SMALL)  # fmt: skip
    assert "--features does not support" in one_line_error(result)
    (tmp_path / "v.vec").write_text("1 2\n영화 1 2\n", "utf-8")
    result = cli("train", "bilm", data / "text.txt", "--input", "characters", "-o", tmp_path / "no",
                 "--vectors", tmp_path / "v.vec", *SMALL)  # fmt: skip
    assert "--vectors needs --input embedding" in one_line_error(result)
