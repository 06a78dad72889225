"""Figures whose labels say what they are: each against torch, or against a formula written here."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional

from rnntool import tasks
from rnntool.cells import CELLS
from rnntool.formats.rundir import read_config
from rnntool.inspection.gradient_check import check_gradients
from rnntool.inspection.gradient_flow import gradient_flow
from rnntool.inspection.probe import RunProbes, fresh_network, fresh_probe
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.classify.load import load_classifier
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.lm.load import load_language_model
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.tag.settings import TagSettings
from rnntool.training.optim import clip_gradient
from tests.commands.test_workflow import write_reviews

TINY = {"hidden": 6, "embedding_dim": 6, "epochs": 1, "batch_size": 8}
PLAIN = {"dropout": 0.0, "embedding_dropout": 0.0}


def train(folder, task, settings):
    if task == "classify":
        write_reviews(folder / "data", 40, 5)
    else:
        (folder / "data").write_text("가나 다라 마바\n나다 라마\n" * 20)
    tasks.train(task, [str(folder / "data")], str(folder / "run"), settings, QuietReporter())
    return open_run(str(folder / "run"))


@pytest.mark.parametrize("unit", ["softmax", "sigmoid"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_clipped_norm_is_that_of_every_parameter_of_a_classifier(tmp_path, cell, unit):
    settings = ClassifySettings(
        **TINY, **PLAIN, cell=cell, bidirectional=True, pooling="all", output_unit=unit,
        word_dropout=0.0,
    )  # fmt: skip
    run = train(tmp_path, "classify", settings)
    tokens = run.vocabulary.tokens[4:9]
    flow = gradient_flow(RunProbes(run).probe([*tokens, tokens[0]], 1))
    model = load_classifier(run, "cpu", 1).model.double()
    ids = torch.tensor([run.vocabulary.encode([*tokens, tokens[0]])])
    scores = model(ids, torch.tensor([ids.shape[1]]))
    loss = (
        functional.cross_entropy(scores, torch.tensor([1]))
        if unit == "softmax"
        else functional.binary_cross_entropy_with_logits(scores[:, 0], torch.ones(1).double())
    )
    loss.backward()
    assert flow.norm == pytest.approx(clip_gradient(model.parameters(), 1.0), rel=1e-6)
    assert flow.norm > flow.recurrent_norm > 0


@pytest.mark.parametrize("extra", [{}, {"tie_weights": True}, {"input": "one-hot"}])
def test_the_clipped_norm_is_that_of_every_parameter_of_a_language_model(tmp_path, extra):
    run = train(tmp_path, "lm", LMSettings(**TINY, dropout=0.0, bptt=4, layers=2, **extra))
    tokens = list("가나 다라".replace(" ", "▁"))
    flow = gradient_flow(RunProbes(run).probe(tokens))
    model = load_language_model(run, "cpu", 1).model.double()
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # of one-hot vectors
    try:
        ids = torch.tensor(run.vocabulary.encode(tokens))
        _, dropped, _ = model(ids[:-1, None], None)
        (-model.output.log_likelihood(dropped[-1], ids[-1:]).mean()).backward()
    finally:
        torch.set_default_dtype(default)
    assert flow.norm == pytest.approx(clip_gradient(model.parameters(), 1.0), rel=1e-6)


def test_both_norms_stand_in_the_table_by_their_names(cli, tmp_path):
    run = train(tmp_path, "classify", ClassifySettings(**TINY))
    arguments = ("inspect-grad", run.path, "--text", "정말 재밌다 최고", "--clip-norm", 0.01)
    table = cli(*arguments).out
    assert "all recurrent layers" in table
    assert "all parameters (what training clips)" in table
    record = json.loads(cli(*arguments, "--json").out)
    assert record["gradient_norm_clipped"] == pytest.approx(0.01)
    scale = 0.01 / record["gradient_norm"]
    clipped = record["recurrent_gradient_norm_clipped"]
    assert clipped == pytest.approx(record["recurrent_gradient_norm"] * scale)


@pytest.mark.parametrize("cell", ["rnn", "rnn-relu", "lstm", "gru"])
def test_the_check_covers_every_parameter(cell):
    import numpy as np

    network = fresh_network(cell, 3, 4, 2, 2, np.random.default_rng(1))
    probe = fresh_probe(network, ["a", "b", "a"], 3, 1)
    found = check_gradients(probe, 8)
    wanted = {
        f"layer {layer} {way} {name}"
        for layer in (1, 2) for way in ("forward", "backward") for name in network.layers[0][0]
    }  # fmt: skip
    assert {d.parameter for d in found} == wanted
    assert ("b_hg" in network.layers[0][0]) == (cell == "gru")
    if cell != "rnn-relu":  # whose units may all be off
        assert all(d.norm > 0 for d in found)
    assert max(max(d.autograd, d.finite) for d in found) < 1e-4
    assert set(CELLS[cell].shapes(3, 4)) == set(network.layers[0][0])


@pytest.mark.parametrize(("cell", "blocks"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_parameters_are_counted_as_each_convention_counts(cli, tmp_path, cell, blocks):
    """Keras' documentation: GRU, reset_after=True, has two biases: 3 (D + H + 2) H."""
    settings = ClassifySettings(hidden=8, embedding_dim=16, cell=cell, epochs=1, pooling="last")
    run = train(tmp_path, "classify", settings)
    found = json.loads(cli("describe", run.path, "--json").out)
    rest = 16 * len(run.vocabulary) + 8 * 2 + 2  # embedding, output
    assert found["parameters"] - rest == blocks * (16 + 8 + 2) * 8
    assert found["parameters_one_bias"] - rest == blocks * (16 + 8 + 1) * 8
    if cell == "gru":
        assert found["parameters_one_bias"] - rest == 600  # Keras, reset_after=False
        assert found["parameters_reset_after"] - rest == 624
    else:
        assert found["parameters_reset_after"] is None
    table = cli("describe", run.path).out
    assert ("reset_after=True" in table) == (cell == "gru")


def test_a_gru_beside_an_lstm_over_characters_is_counted_as_keras_counts_both(cli, tmp_path):
    path = tmp_path / "tags.tsv"
    path.write_text("가\tN\n나\tV\n\n다\tN\n라\tV\n\n" * 8)
    settings = TagSettings(**TINY, cell="gru", characters="recurrent", character_hidden=3)
    tasks.train("tag", [str(path)], str(tmp_path / "run"), settings, QuietReporter())
    found = json.loads(cli("describe", tmp_path / "run", "--json").out)
    ways = 2 if settings.bidirectional else 1
    assert found["parameters"] - found["parameters_reset_after"] == 2 * 4 * 3  # the LSTM's, twice
    assert found["parameters_reset_after"] - found["parameters_one_bias"] == ways * 3 * 6


def test_a_gru_that_resets_before_is_keras_with_reset_after_false(cli, tmp_path):
    settings = ClassifySettings(hidden=8, embedding_dim=16, cell="gru-reset-before", epochs=1)
    run = train(tmp_path, "classify", settings)
    assert "(Keras, reset_after=False)" in cli("describe", run.path).out
    assert json.loads(cli("describe", run.path, "--json").out)["parameters_reset_after"] is None


def test_of_epochs_with_one_score_the_lower_loss_is_kept(tmp_path, monkeypatch):
    """Issue's example in miniature: accuracy ties, losses fall and rise again."""
    from rnntool.tasks.classify.task import ClassifyTask

    losses = [0.97, 0.48, 0.4854, 0.4966, 0.45, 0.9]
    told = iter(losses)
    monkeypatch.setattr(
        ClassifyTask, "validate", lambda self, model, device: {"loss": next(told), "accuracy": 0.8}
    )
    settings = ClassifySettings(**{**TINY, "epochs": 6}, patience=3)
    run = train(tmp_path, "classify", settings)
    results = read_config(run.path).results
    assert results["best_epoch"] == 5  # patience counts from epoch 2, and does not run out before
    assert results["epochs"] == 6


def test_resume_makes_the_same_choice_among_ties(tmp_path, monkeypatch):
    from rnntool.tasks.classify.task import ClassifyTask
    from tests.training.test_resume import interrupt_at

    losses = [0.9, 0.5, 0.7, 0.6]
    calls: list[int] = []

    def validate(self, model, device):
        calls.append(len(calls))
        return {"loss": losses[len(calls) - 1], "accuracy": 0.8}

    monkeypatch.setattr(ClassifyTask, "validate", validate)
    write_reviews(tmp_path / "data", 40, 5)
    settings = ClassifySettings(**{**TINY, "epochs": 4}, patience=0, threads=1)
    arguments = ("classify", [str(tmp_path / "data")], str(tmp_path / "run"), settings)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 12)  # in the third epoch of five steps
        with pytest.raises(KeyboardInterrupt):
            tasks.train(*arguments, QuietReporter())
    assert len(calls) == 2
    tasks.train(*arguments, QuietReporter(), resume=True)
    assert read_config(tmp_path / "run").results["best_epoch"] == 2


def test_an_lstms_step_jacobian_is_of_the_whole_state(cli):
    """Written out by differences: (h, c) after a step against (h, c) before it."""
    import numpy as np

    from rnntool.cells import step_jacobian

    lstm = cli("inspect-grad", "--cell", "lstm", "--hidden", 4, "--text", "a b c")
    assert "s = (h, c)" in lstm.out
    gru = cli("inspect-grad", "--cell", "gru", "--hidden", 4, "--text", "a b c")
    assert "s = h\n" in gru.out
    network = fresh_network("lstm", 3, 4, 1, 1, np.random.default_rng(1))
    weights = network.layers[0][0]
    before = (np.full(4, 0.1), np.full(4, -0.2))
    found = step_jacobian(CELLS["lstm"], weights, np.ones(3), before)
    assert found.shape == (8, 8)

    def after(state: np.ndarray) -> np.ndarray:
        parts = (state[None, :4], state[None, 4:])
        new, _ = CELLS["lstm"].step(weights, np.ones((1, 3)), parts)
        return np.concatenate([part[0] for part in new])

    flat, e = np.concatenate(before), 1e-6
    columns = [(after(flat + e * u) - after(flat - e * u)) / (2 * e) for u in np.eye(8)]
    np.testing.assert_allclose(found, np.array(columns).T, atol=1e-8)
