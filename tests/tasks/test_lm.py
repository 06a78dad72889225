"""Language models from text to figures, through the commands."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
import yaml

from rnntool.configuration import build
from rnntool.formats.rundir import WEIGHTS
from rnntool.tasks.lm.generate import _stopped
from rnntool.tasks.lm.load import load_language_model
from rnntool.tasks.lm.settings import LMSettings
from tests.conftest import one_line_error

TEXT = "".join(f"{n} times {n} is {n * n}\n" for n in range(60))
SMALL = ("--hidden", 16, "--embedding-dim", 8, "--batch-size", 4, "--bptt", 16, "--epochs", 2,
         "--threads", 1, "-q")  # fmt: skip


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("lm") / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(text) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = text.parent / "run"
    arguments = ["train", "lm", str(text), "-o", str(path), *map(str, SMALL)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    return path


def figures(cli, run: Path, text: Path, *options: object) -> dict:
    result = cli("eval", run, text, "--json", "-q", "--threads", 1, *options)
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_a_uniform_model_over_v_symbols_has_perplexity_v(cli, run, text, tmp_path):
    from safetensors.torch import load_file, save_file

    uniform = tmp_path / "uniform"
    uniform.mkdir()
    for file in run.iterdir():
        (uniform / file.name).write_bytes(file.read_bytes())
    tensors = load_file(run / WEIGHTS)
    V = len(tensors["output.linear.bias"])
    zero = {n: torch.zeros_like(t) if n.startswith("output") else t for n, t in tensors.items()}
    save_file(zero, uniform / WEIGHTS)
    found = figures(cli, uniform, text)
    assert found["perplexity"] == pytest.approx(V, rel=1e-5)
    assert found["bits_per_character"] == pytest.approx(math.log2(V), rel=1e-5)


def test_bits_per_character_agree_with_a_sum_by_hand(cli, run, text):
    trained = load_language_model(str(run), threads=1)
    ids = torch.tensor(trained.run.vocabulary.encode(c if c != " " else "▁" for c in
                                                     TEXT.replace("\n", "␊")))  # fmt: skip
    with torch.inference_mode():
        _, states, _ = trained.model(ids[:-1, None], None)
        scores = trained.model.output.linear(states[:, 0])
    logs = torch.log_softmax(scores.double(), dim=1)
    by_hand = -sum(logs[t, ids[t + 1]].item() for t in range(len(ids) - 1))
    found = figures(cli, run, text)
    assert found["tokens"] == found["characters"] == len(TEXT) - 1
    assert found["bits_per_character"] == pytest.approx(
        by_hand / (len(TEXT) - 1) / math.log(2), rel=1e-5
    )
    assert found["state"] == "carried through the text"
    windowed = figures(cli, run, text, "--window", 7)
    assert windowed["state"] == "zero after every 7 tokens"
    assert windowed["nats_per_token"] != pytest.approx(found["nats_per_token"], rel=1e-4)


def test_dynamic_evaluation_is_reported_as_such_and_learns(cli, run, text):
    plain = figures(cli, run, text)
    dynamic = figures(cli, run, text, "--dynamic", "--dynamic-lr", 0.5)
    assert dynamic["dynamic"]
    assert not plain["dynamic"]
    assert dynamic["nats_per_token"] < plain["nats_per_token"]


def test_characters_of_a_word_model_are_those_of_the_text(cli, text, tmp_path):
    path = tmp_path / "words"
    assert cli("train", "lm", text, "-o", path, "--unit", "word", *SMALL).code == 0
    found = figures(cli, path, text)
    words = sum(len(line.split()) + 1 for line in TEXT.splitlines())
    assert found["tokens"] == words - 1
    assert found["characters"] == round(len(TEXT) * (words - 1) / words)
    assert found["nats_per_character"] == pytest.approx(
        found["nats_per_token"] * found["tokens"] / found["characters"]
    )


def test_a_score_is_a_line_for_a_line_and_the_sum_of_its_tokens(cli, run):
    lines = ["3 times 3 is 9", "", "9 is 3 times 3"]
    result = cli("score", run, "--tokens", "-q", "--threads", 1, input="\n".join(lines))
    rows = [row.split("\t") for row in result.out.splitlines()]
    assert len(rows) == 3
    for (total, count, perplexity, tokens), line in zip(rows, lines, strict=True):
        values = [float(token.rsplit(":", 1)[1]) for token in tokens.split(" ")]
        assert int(count) == len(values) == len(line) + 1
        assert float(total) == pytest.approx(sum(values), abs=1e-2)
        assert float(perplexity) == pytest.approx(math.exp(-float(total) / int(count)), rel=1e-3)
    alone = cli("score", run, "-q", "--threads", 1, input=lines[0])
    assert alone.out.split("\t")[0] == rows[0][0]


def test_hello_is_learned_to_the_letter(cli, tmp_path):
    path, source = tmp_path / "hello", tmp_path / "hello.txt"
    source.write_text("hello\n" * 40, encoding="utf-8")
    done = cli("train", "lm", source, "-o", path, "--input", "one-hot", "--cell", "rnn",
               "--hidden", 16, "--batch-size", 1, "--bptt", 12, "--epochs", 12, "--lr", 0.02,
               "--threads", 1, "-q")  # fmt: skip
    assert done.code == 0, done.err
    written = cli("generate", path, "--prompt", "h", "--greedy", "--length", 4)
    assert written.out == "hello\n"


def test_documents_reset_and_generate_one_a_line(cli, text, tmp_path):
    path = tmp_path / "lines"
    done = cli("train", "lm", text, "-o", path, "--lines", "--stateless", *SMALL)
    assert done.code == 0, done.err
    found = figures(cli, path, text)
    assert found["state"] == "reset for each line"
    assert found["tokens"] == found["characters"] == len(TEXT)
    written = cli("generate", path, "--samples", 3, "--seed", 5, "--length", 30, "--json")
    texts = [json.loads(line)["text"] for line in written.out.splitlines()]
    assert len(texts) == len(set(texts)) == 3
    assert all("\n" not in t for t in texts)
    assert cli("generate", path, "--samples", 3, "--seed", 5, "--length", 30,
               "--json").out == written.out  # fmt: skip


@pytest.mark.parametrize(
    "flags", [(), ("--lines",), ("--stateless",), ("--lines", "--stateless")], ids=str
)
def test_validation_in_training_is_what_eval_says_of_the_same_text(cli, text, tmp_path, flags):
    held = tmp_path / "held.txt"
    held.write_text("".join(f"{n} times {n + 1} is {n * n + n}\n" for n in range(12)), "utf-8")
    done = cli("train", "lm", text, "-o", tmp_path / "run", "--validation", held, *flags, *SMALL)
    assert done.code == 0, done.err
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text("utf-8"))
    expected = pytest.approx(config["results"]["validation_loss"], abs=1e-4)
    assert figures(cli, tmp_path / "run", held)["nats_per_token"] == expected


def test_every_regularisation_trains_and_the_penalty_is_not_in_the_loss(cli, text, tmp_path):
    path = tmp_path / "awd"
    done = cli("train", "lm", text, "-o", path, "--layers", 2, "--tie-weights", "--dropout", 0.2,
               "--embedding-dropout", 0.1, "--locked-dropout", "--weight-drop", 0.3,
               "--activation-regularization", 100, "--temporal-regularization", 100,
               "--bptt-jitter", "--optimizer", "sgd", "--lr", 0.01, "--average", 0.99,
               *SMALL)  # fmt: skip
    assert done.code == 0, done.err
    epochs = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    assert all(epoch["train_loss"] < 4 for epoch in epochs)


def test_a_killed_training_goes_on_on_the_same_curve(cli, text, tmp_path, monkeypatch):
    from rnntool.tasks.lm.task import LMTask

    flags = ("--deterministic", "--dropout", 0.2, *SMALL)
    assert cli("train", "lm", text, "-o", tmp_path / "whole", *flags).code == 0
    original, calls = LMTask.after_step, []

    def interrupt(self, model):
        calls.append(1)
        if len(calls) == 30:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        original(self, model)

    monkeypatch.setattr(LMTask, "after_step", interrupt)
    assert cli("train", "lm", text, "-o", tmp_path / "parts", *flags).code != 0
    assert (tmp_path / "parts.partial").is_dir()
    monkeypatch.setattr(LMTask, "after_step", original)
    assert cli("train", "lm", text, "-o", tmp_path / "parts", "--resume", *flags).code == 0
    torch.use_deterministic_algorithms(False)
    assert (tmp_path / "parts" / WEIGHTS).read_bytes() == (
        tmp_path / "whole" / WEIGHTS
    ).read_bytes()


def test_a_run_holds_no_numbers_of_the_text(run):
    assert not list(run.glob("*.bin"))
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    assert config["task"] == "lm"
    assert build(LMSettings, config["settings"]).hidden == 16


def test_a_stop_string_ends_a_text_even_across_pieces():
    assert "".join(_stopped(iter(["ab", "c", "de", "f"]), "cd")) == "ab"
    assert "".join(_stopped(iter(["ab", "c"]), "cd")) == "abc"


def test_an_unknown_character_of_a_prompt_is_named(cli, run):
    written = cli("generate", run, "--prompt", "3 한 times", "--length", 5)
    assert written.code == 0
    assert "한" in written.err
    assert written.out.startswith("3 한 times")


def test_a_prompt_from_a_file_and_from_standard_input(cli, run, tmp_path):
    (tmp_path / "p").write_text("3 times\n", encoding="utf-8")
    flags = ("--length", 10, "--seed", 3)
    by_flag = cli("generate", run, "--prompt", "3 times", *flags).out
    assert cli("generate", run, "--prompt-file", tmp_path / "p", *flags).out == by_flag
    assert cli("generate", run, "--prompt-file", "-", *flags, input="3 times\n").out == by_flag
    assert cli("generate", run, "--prompt", "-", *flags, input="3 times\n").out == by_flag


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("short\n", (), "the training text has 5 tokens"),
        ("aaaaaaaaaaaaaaaaaa\n", ("--batch-size", 1), "nothing to learn"),
        (TEXT, ("--tie-weights", "--input", "one-hot"), "--tie-weights needs"),
        (TEXT, ("--validation", "1.5"), "at least 0, below 1"),
        (TEXT, ("--unit", "subword"), "needs a model"),
        ("", (), "is empty"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(cli, tmp_path, content, options, said):
    path = tmp_path / "t.txt"
    path.write_text(content, encoding="utf-8")
    result = cli("train", "lm", path, "-o", tmp_path / "run", "--threads", 1, *options)
    assert said in one_line_error(result)
    assert not list(tmp_path.glob("run*"))


def test_settings_that_make_no_sense_are_refused(cli, run, text):
    cold = cli("generate", run, "--temperature", -1)
    assert cold.code == 2
    assert "--temperature" in cold.err
    both = cli("generate", run, "--beam", 3, "--samples", 2)
    assert "--beam" in one_line_error(both)
    window = cli("eval", run, text, "--state", "reset", "--window", 3, "-q", "--threads", 1)
    assert "do not work with a reset state" in one_line_error(window)


def test_temperature_zero_is_greedy_and_stop_knows_a_line_feed(cli, run):
    greedy = cli("generate", run, "--greedy", "--length", 30, "-q").out
    assert cli("generate", run, "--temperature", 0, "--length", 30, "-q").out == greedy
    long = cli("generate", run, "--length", 400, "-q").out
    assert "\n" in long[:-1]
    stopped = cli("generate", run, "--length", 400, "--stop", r"\n", "-q").out
    assert stopped == long.split("\n")[0] + "\n"
    assert cli("generate", run, "--length", 400, "--stop", "\n", "-q").out == stopped


def test_another_tasks_command_names_what_fits(cli, run, text):
    wrong = one_line_error(cli("predict", run, text))
    assert "'lm'" in wrong
    assert "generate" in wrong


def test_unseen_characters_are_counted(cli, run, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("3 times 한\n", encoding="utf-8")
    result = cli("eval", run, path, "--json", "--threads", 1)
    assert "1 of 10 tokens are not in the vocabulary" in result.err
    assert json.loads(result.out)["unknown_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize("extra", [
    ("--layer-norm",), ("--recurrent-dropout", 0.3), ("--residual", "--layers", 2),
    ("--cell", "gru-reset-before"), ("--cell", "rnn-relu"),
])  # fmt: skip
def test_extras_of_the_layers_train_score_and_write(cli, text, tmp_path, extra):
    run = tmp_path / "run"
    result = cli("train", "lm", text, "-o", run, *SMALL, "--sample-every", 20, *extra)
    assert result.code == 0, result.err
    assert cli("eval", run, text, "-q", "--threads", 1).code == 0
    written = cli("generate", run, "--length", 12, "-v")
    assert written.code == 0, written.err
    assert ("torch generates" in written.err) == bool({"--layer-norm", "--residual"} & set(extra))


def test_weight_drop_needs_torchs_layers(cli, text, tmp_path):
    result = cli("train", "lm", text, "-o", tmp_path / "run", *SMALL, "--weight-drop", 0.3,
                 "--layer-norm")  # fmt: skip
    assert "--weight-drop needs torch's own layers" in one_line_error(result)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("softmax", ["full", "adaptive"])
def test_torchs_engine_says_what_numpys_says(cell, softmax):
    import numpy as np

    from rnntool.inference.language_model import NumpyLanguageModel
    from rnntool.models.language_model import LanguageModel
    from rnntool.models.settings import LanguageModelSettings
    from rnntool.tasks.lm.torch_model import TorchLanguageModel

    torch.manual_seed(1)
    settings = LanguageModelSettings(
        cell=cell, softmax=softmax, layers=2, hidden=7, embedding_dim=5
    )
    model = LanguageModel(settings, 30)
    ours = TorchLanguageModel(model)
    numpys = NumpyLanguageModel(cell, {name: t.numpy() for name, t in model.state_dict().items()})
    one, other = ours.zero_states(), numpys.zero_states()
    for token in (2, 9, 4):
        found, one = ours.step(np.array([token, token]), one if token != 2 else [
            tuple(torch.cat([p, p]) for p in layer) for layer in one
        ])  # fmt: skip
        expected, other = numpys.step(np.array([token]), other)
        assert np.allclose(found[0], expected[0], atol=1e-5)
        assert np.allclose(found[1], expected[0], atol=1e-5)
    assert model.training  # a sample in the middle of training leaves it as it was
