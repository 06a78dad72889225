"""Sequence to sequence from pairs to answers, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rnntool.data.pairs import NumberedPairs
from rnntool.data.sequences import pack_sequences
from rnntool.models.attention import Attention
from rnntool.tasks.seq2seq.data import number_pairs
from rnntool.tasks.seq2seq.evaluate import text_scores
from rnntool.tasks.seq2seq.load import load_seq2seq
from rnntool.tasks.seq2seq.task import make_batch, own_inputs, target_likelihood, target_scores
from rnntool.text.vocabulary import EOS_ID
from tests.conftest import one_line_error

SMALL = ("--hidden", 24, "--embedding-dim", 16, "--batch-size", 4, "--threads", 1, "-q")


def train(cli, path: Path, run: Path, *options: object) -> None:
    result = cli("train", "seq2seq", path, "-o", run, *SMALL, *options)
    assert result.code == 0, result.err


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "reverse.tsv"
    generator = np.random.default_rng(2)
    words = ["".join(generator.choice(list("abcd"), generator.integers(1, 5))) for _ in range(80)]
    rows = "".join(f"{word}\t{word[::-1]}\n" for word in words)
    path.write_text("source\ttarget\n" + rows, encoding="utf-8")
    return path


@pytest.mark.parametrize("attention", ["none", "dot", "general"])
@pytest.mark.parametrize("beam", [0, 3])
def test_i_love_you_is_learned_to_certainty(cli, tmp_path, attention, beam):
    path = tmp_path / "love.tsv"
    path.write_text("source\ttarget\nI love you\t난 널 사랑해\n", encoding="utf-8")
    train(cli, path, tmp_path / "run", "--unit", "word", "--validation", path, "--epochs", 100,
          "--lr", 0.02, "--average", 0, "--attention", attention, "--patience", 0)  # fmt: skip
    answer = cli("predict", tmp_path / "run", "-q", "--threads", 1, "--beam", beam,
                 input="I love you\n")  # fmt: skip
    assert answer.out == "난 널 사랑해\n"
    figures = json.loads(cli("eval", tmp_path / "run", path, "--json", "-q", "--threads", 1).out)
    assert figures["perplexity"] < 1.01
    assert figures["exact_match"] == 1.0
    assert figures["chrf"] == pytest.approx(100.0)


@pytest.fixture(scope="module")
def run(pairs) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = pairs.parent / "run"
    arguments = ["train", "seq2seq", str(pairs), "-o", str(path), "--epochs", "3",
                 *map(str, SMALL)]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    return path


def test_padding_changes_no_score(run):
    trained = load_seq2seq(str(run), threads=1)
    sources, targets = [list("abcd"), list("a")], [list("dcba"), list("a")]
    data = number_pairs(sources, targets, trained.run.vocabulary, trained.targets)
    both = make_batch(data, np.array([0, 1]), trained.device)
    alone = make_batch(data, np.array([1]), trained.device)
    scores, wanted = target_scores(trained.model, both, both.inputs)
    own, own_wanted = target_scores(trained.model, alone, alone.inputs)
    assert torch.allclose(scores[-2:], own, atol=1e-5)
    assert torch.equal(wanted[-2:], own_wanted)


def test_a_beam_of_one_is_greedy_and_a_wider_one_is_no_less_likely(run):
    trained = load_seq2seq(str(run), threads=1)
    sources = pack_sequences(trained.run.vocabulary.encode(list(w)) for w in ("abc", "d", "ddaacb"))
    greedy, narrow = trained.answers(sources, 9, 0), trained.answers(sources, 9, 1)
    assert greedy == narrow
    wide = trained.answers(sources, 9, 8)
    for row, pair in enumerate(zip(greedy, wide, strict=True)):
        likelihoods = [
            target_likelihood(
                trained.model,
                NumberedPairs(
                    sources.take(np.array([row])),
                    pack_sequences([[*trained.targets.encode(list(answer)), EOS_ID]]),
                ),
                trained.device,
            )[0]
            for answer in pair
        ]
        assert likelihoods[1] >= likelihoods[0] - 1e-6


def test_an_empty_and_a_one_token_source_get_an_answer_each(cli, run):
    answer = cli("predict", run, "-q", "--threads", 1, "--length", 5, input="\na\nabcd\n")
    assert answer.code == 0, answer.err
    assert len(answer.out.split("\n")) == 4
    assert "nan" not in answer.out


def test_attention_is_the_formula_and_blind_to_padding():
    torch.manual_seed(1)
    attention = Attention("general", 3, 4)
    states, memory = torch.randn(1, 2, 3), torch.randn(1, 5, 4)
    combined, weights = attention(states, memory, torch.tensor([4]))
    W, W_c = attention.score.weight, attention.combine.weight
    for t in range(2):
        scores = torch.stack([states[0, t] @ W.T @ memory[0, s] for s in range(4)])
        a = torch.softmax(scores, 0)
        context = (a[:, None] * memory[0, :4]).sum(0)
        expected = torch.tanh(W_c @ torch.cat([context, states[0, t]]))
        assert torch.allclose(weights[0, t, :4], a, atol=1e-6)
        assert torch.allclose(combined[0, t], expected, atol=1e-6)
    assert not weights[0, :, 4].any()


def test_teacher_forcing_of_zero_reads_only_what_the_model_writes(run):
    trained = load_seq2seq(str(run), threads=1)
    data = number_pairs([list("abcd")], [list("dcba")], trained.run.vocabulary, trained.targets)
    batch = make_batch(data, np.array([0]), trained.device)
    mixed = own_inputs(trained.model, batch, 0.0)
    memory = trained.model.read(batch.ids, batch.lengths)
    features, _ = trained.model.write(batch.inputs, memory, memory.start)
    written = trained.model.output.linear(features).argmax(-1)
    assert mixed[0, 0] == batch.inputs[0, 0]
    assert torch.equal(mixed[0, 1:], written[0, :-1])
    assert torch.equal(own_inputs(trained.model, batch, 1.0), batch.inputs)


def test_scheduled_sampling_and_smoothing_train(cli, pairs, tmp_path):
    train(cli, pairs, tmp_path / "run", "--epochs", 1, "--teacher-forcing", 0.5, "--cell", "gru",
          "--label-smoothing", 0.1, "--encoder", "cnn", "--conv-filters", 8)  # fmt: skip
    assert cli("eval", tmp_path / "run", pairs, "-q", "--threads", 1).code == 0


def test_bleu_is_sacrebleus():
    scores = text_scores(["the cat sat on the mat"], ["the cat sat on the mat"])
    assert scores["bleu"] == pytest.approx(100)
    assert text_scores(["가나"], ["다라"])["bleu_characters"] < 1


@pytest.mark.parametrize(("text", "message"), [
    ("source\ttarget\na\tb\nc\t\n", ":3: the target is empty"),
    ("source\ttarget\n\tb\n", ":2: the source is empty"),
    ("q\tb\na\tb\n", "which columns contain source and target?"),
    ("source\ttarget\na\tb\n", "has only one example"),
])  # fmt: skip
def test_bad_pairs_are_named_with_their_line(cli, tmp_path, text, message):
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    result = cli("train", "seq2seq", path, "-o", tmp_path / "run", *SMALL)
    assert message in one_line_error(result)


def test_questions_and_answers_of_a_csv_are_learned(cli, tmp_path):
    path = tmp_path / "dialogue.csv"
    path.write_text('\ufeffQ,A,label\n안녕,"네, 반가워요",0\n뭐해,밥 먹어,1\n', encoding="utf-8")
    train(cli, path, tmp_path / "run", "--validation", path, "--epochs", 100, "--lr", 0.02,
          "--average", 0, "--patience", 0)  # fmt: skip
    answer = cli("predict", tmp_path / "run", "-q", "--threads", 1, input="안녕\n뭐해\n")
    assert answer.out == "네, 반가워요\n밥 먹어\n"


def test_real_dialogue_is_read(cli, real_data, tmp_path):
    path = real_data / "dialogue" / "ChatbotData.csv"
    part = tmp_path / "part.csv"
    part.write_text("".join(path.read_text(encoding="utf-8-sig").splitlines(True)[:200]), "utf-8")
    train(cli, part, tmp_path / "run", "--epochs", 1)
    answer = cli("predict", tmp_path / "run", "-q", "--threads", 1, input="안녕\n")
    assert answer.code == 0, answer.err
