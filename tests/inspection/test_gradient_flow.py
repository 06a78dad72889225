"""Gradient flow against autograd on the torch models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnntool.cells import CELLS
from rnntool.inspection.gradient_flow import (
    _largest_singular_value,
    gradient_flow,
    mean_flow,
    verdict,
)
from rnntool.inspection.heads import classifier_head, language_head
from rnntool.inspection.probe import (
    Network,
    Probe,
    fresh_network,
    fresh_probe,
    trained_layers,
)
from rnntool.models.classifier import SequenceClassifier
from rnntool.models.settings import ClassifierSettings

T, V, C = 7, 12, 3
IDS = torch.randint(2, V, (1, T), generator=torch.Generator().manual_seed(4))


def classifier(**changes: object) -> SequenceClassifier:
    torch.manual_seed(1)
    settings = replace(ClassifierSettings(embedding_dim=4, hidden=5), **changes)  # type: ignore[arg-type]
    return SequenceClassifier(settings, V, C).double().eval()


def probe_of(model: SequenceClassifier, cell: str, pooling: str, label: int) -> Probe:
    tensors = {n: p.detach().numpy() for n, p in model.named_parameters()}
    network = Network("x", CELLS[cell], trained_layers(CELLS[cell], tensors))
    head = classifier_head(
        pooling, network.directions, tensors["output.weight"], tensors["output.bias"], label
    )
    x = tensors["input.embedding.weight"][IDS.numpy()]
    return Probe(network, [str(i) for i in IDS[0].tolist()], x, head)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("pooling", ["last", "max", "mean", "all"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
def test_norms_are_those_of_autograd(cell, pooling, layers, bidirectional):
    model = classifier(cell=cell, pooling=pooling, layers=layers, bidirectional=bidirectional)
    loss = functional.cross_entropy(model(IDS, torch.tensor([T])).double(), torch.tensor([2]))
    loss.backward()
    flow = gradient_flow(probe_of(model, cell, pooling, 2))
    assert flow.loss == pytest.approx(loss.item(), rel=1e-6)
    assert len(flow.layers) == layers * (2 if bidirectional else 1)
    for layer in flow.layers:
        module = model.encoder.layers[layer.layer - 1][int(layer.direction == "backward")]
        way = f".{layer.direction}" if bidirectional else ""
        for ours, theirs in (
            ("W_hh", "weight_hh_l0"),
            ("W_xh", "weight_ih_l0"),
            ("b", "bias_ih_l0"),
        ):
            expected = getattr(module, theirs).grad.norm().item()
            assert expected > 1e-4
            # the model's scores are rounded to float32
            assert flow.parameters[f"{layer.layer}{way}.{ours}"] == pytest.approx(
                expected, rel=1e-5
            )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_each_steps_gradient_is_that_of_a_hook(cell):
    model = classifier(cell=cell, pooling="last")
    network = model.encoder.layers[0][0]
    x = model.input.embedding(IDS).detach()
    state, hidden = None, []
    for t in range(T):
        _, state = network(x[:, t : t + 1], state)
        h = state[0] if cell == "lstm" else state
        h.retain_grad()
        hidden.append(h)
        # the next step must read the very tensor whose gradient is kept
        state = (h, state[1]) if cell == "lstm" else h
    loss = functional.cross_entropy(model.output(hidden[-1][0]), torch.tensor([1]))
    loss.backward()
    flow = gradient_flow(probe_of(model, cell, "last", 1))
    expected = [h.grad.norm().item() for h in reversed(hidden)]
    assert flow.layers[0].gradient == pytest.approx(expected, rel=1e-9)
    assert min(expected) > 0


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_jacobians_are_those_of_autograd(cell):
    model = classifier(cell=cell, pooling="last")
    network = model.encoder.layers[0][0]
    x = model.input.embedding(IDS).detach()
    _, at = network(x[:, :3])

    def last(h: torch.Tensor) -> torch.Tensor:
        start = h.view(1, 1, -1)
        state = (start, at[1].detach()) if cell == "lstm" else start
        return network(x[:, 3:], state)[0][0, -1]

    h = (at[0] if cell == "lstm" else at).detach().flatten()
    jacobian = torch.autograd.functional.jacobian(last, h).numpy()
    flow = gradient_flow(probe_of(model, cell, "last", 0))
    assert flow.layers[0].jacobian[T - 3] == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-8)
    assert flow.layers[0].jacobian[0] == 1


def test_summands_and_singular_values():
    network = fresh_network("rnn", 4, 6, 1, 1, np.random.default_rng(0), spectral_radius=0.5)
    probe = fresh_probe(network, ["a", "b", "a", "c"], 4, seed=1)
    layer = gradient_flow(probe).layers[0]
    assert layer.spectral_radius == pytest.approx(0.5)
    assert len(layer.summand) == 4
    assert layer.summand[-1] == 0  # the first step reads a zero state
    W = network.layers[0][0]["W_hh"]
    assert layer.singular_values == pytest.approx(np.linalg.svd(W, compute_uv=False))


def test_the_mean_at_a_distance_is_over_the_texts_that_are_so_long():
    network = fresh_network("gru", 4, 6, 1, 1, np.random.default_rng(0))
    short = gradient_flow(fresh_probe(network, ["a", "b"], 4, seed=1))
    long = gradient_flow(fresh_probe(network, ["a", "b", "c"], 4, seed=1))
    mean = mean_flow([short, long])
    assert mean.texts == 2
    expected = [
        (short.layers[0].gradient[0] + long.layers[0].gradient[0]) / 2,
        (short.layers[0].gradient[1] + long.layers[0].gradient[1]) / 2,
        long.layers[0].gradient[2],
    ]
    assert mean.layers[0].gradient == pytest.approx(expected)


def test_a_language_models_loss_is_that_of_its_last_step():
    generator = np.random.default_rng(0)
    W, b, h = (
        generator.normal(size=(V, 5)),
        generator.normal(size=V),
        generator.normal(size=(1, T, 5)),
    )
    loss, doutputs, _, target = language_head(W, b, 7)(h)
    assert target == 7
    states = torch.tensor(h, requires_grad=True)
    scores = states[:, -1] @ torch.tensor(W).T + torch.tensor(b)
    expected = functional.cross_entropy(scores, torch.tensor([7]))
    expected.backward()
    assert loss == pytest.approx(expected.item())
    np.testing.assert_allclose(doutputs, states.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 0.0])
def test_the_largest_singular_value_of_a_large_matrix(scale):
    matrix = scale * np.random.default_rng(0).normal(size=(90, 120))
    expected = np.linalg.svd(matrix, compute_uv=False)[0]
    assert _largest_singular_value(matrix) == pytest.approx(expected, rel=1e-9)


def test_verdicts():
    halves = verdict([2.0**-n for n in range(20)])
    assert halves.half_life == pytest.approx(1)
    assert halves.to_one_percent == 7  # 2^-7 is the first below 0.01
    assert halves.text.startswith("vanishes: falls to 1 % in 7 steps")
    grows = verdict([2.0 ** (n / 2) for n in range(20)])
    assert grows.doubling == pytest.approx(2)
    assert grows.text.startswith("explodes: grows 724 × in 19 steps")
    assert verdict([1.0, 0.9, 0.8, 0.75]).text.startswith("survives: 75.0%")
    assert verdict([0.0, 0.0]).text == "too few steps for a verdict"
