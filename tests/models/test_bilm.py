"""The biLM's two directions against plain LSTMs; the sampled softmax against the full one."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from rnntool.models.bilm import BiLM
from rnntool.models.directional import DirectionalEncoder
from rnntool.models.sampled_softmax import TiedSoftmax
from rnntool.models.settings import BiLMModelSettings

V, D, H = 11, 5, 6


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(5)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def bilm(**values: object) -> BiLM:
    settings = BiLMModelSettings(embedding_dim=D, hidden=H, **values)
    return BiLM(settings, torch.arange(V), V).eval()


@pytest.mark.parametrize("layers", [1, 2])
def test_each_direction_is_a_stack_of_its_own(layers):
    encoder = DirectionalEncoder("lstm", D, H, layers).eval()
    x, lengths = torch.randn(2, 4, D), torch.tensor([4, 3])
    states = encoder.all_layers(x, lengths)
    forward, backward = x[1:, :3], x[1:, :3].flip(1)
    for n in range(layers):
        forward = encoder.layers[n][0](forward)[0]
        backward = encoder.layers[n][1](backward)[0]
        assert torch.allclose(states[n][0][1, :3], forward[0])
        assert torch.allclose(states[n][1][1, :3], backward[0].flip(0))
    together, last = encoder(x, lengths)
    assert torch.allclose(together[1, :3], torch.cat([forward[0], backward[0].flip(0)], dim=1))
    assert torch.allclose(last[1], torch.cat([forward[0, -1], backward[0, -1]]))


def test_no_direction_sees_the_token_it_predicts():
    model = bilm()
    ids, lengths = torch.tensor([[2, 5, 6, 7, 3]]), torch.tensor([5])
    forward, backward, _ = model(ids, lengths)
    assert forward.targets.tolist() == [5, 6, 7, 3]
    assert backward.targets.tolist() == [2, 5, 6, 7]
    assert torch.equal(forward.rows, model.input.embedding(forward.targets))
    changed = ids.clone()
    changed[0, 2] = 9
    other, other_backward, _ = model(changed, lengths)
    assert torch.allclose(forward.features[:2], other.features[:2])  # what stands before it
    assert torch.allclose(backward.features[2:], other_backward.features[2:])  # and behind it
    assert not torch.allclose(forward.features[2], other.features[2])
    assert not torch.allclose(backward.features[1], other_backward.features[1])


def test_padding_changes_nothing():
    model = bilm(layers=2)
    ids = torch.tensor([[2, 5, 6, 7, 8, 3], [2, 9, 3, 0, 0, 0]])
    samples = torch.tensor([4, 8])
    forward, backward, others = model(ids, torch.tensor([6, 3]), samples)
    alone, alone_backward, _ = model(ids[1:, :3], torch.tensor([3]))
    assert torch.allclose(forward.features[-2:], alone.features)
    assert torch.allclose(backward.features[-2:], alone_backward.features)
    assert backward.targets[-2:].tolist() == [2, 9]
    assert torch.equal(others, model.input.embedding(samples))


def test_the_sampled_loss_over_all_tokens_is_the_full_one():
    embedding = torch.nn.Embedding(V, D)
    softmax = TiedSoftmax(embedding, torch.ones(V))
    torch.nn.init.normal_(softmax.bias)
    features, targets = torch.randn(7, D), torch.randint(0, V, (7,))
    sampled = softmax.sampled_loss(
        features, targets, embedding(targets), torch.arange(V), embedding(torch.arange(V))
    )
    full = functional.cross_entropy(features @ embedding.weight.T + softmax.bias, targets)
    assert sampled.item() == pytest.approx(full.item(), rel=1e-5)
    assert softmax.log_likelihood(features, targets).mean().item() == pytest.approx(-full.item())


def test_the_sampled_gradient_is_that_of_the_written_formula():
    """Bengio and Senécal 2003, with a target among the samples, and one that is the only sample."""
    torch.manual_seed(6)
    softmax = TiedSoftmax(nn.Embedding(9, 4), torch.tensor([1, 1, 1, 1, 9, 5, 3, 2, 1]))
    for targets, samples in (([4, 5, 8, 4], [5, 7, 5, 4, 6]), ([4], [4, 4])):
        wanted, drawn = torch.tensor(targets), torch.tensor(samples)
        features = torch.randn(len(targets), 4, requires_grad=True)
        weight = softmax.embedding.weight
        loss = softmax.sampled_loss(features, wanted, weight[wanted], drawn, weight[drawn])
        tensors = [features, weight, softmax.bias]
        found = torch.autograd.grad(loss, tensors)
        plain = torch.zeros(())
        for row, target in enumerate(targets):
            true = features[row] @ weight[target] + softmax.bias[target]
            total = true.exp()
            for sample in samples:
                if sample != target:
                    score = features[row] @ weight[sample] + softmax.bias[sample]
                    total = total + score.exp() / (softmax.probabilities[sample] * len(samples))
            plain = plain + (total.log() - true) / len(targets)
        assert loss.item() == pytest.approx(plain.item(), rel=1e-5)
        for own, other in zip(found, torch.autograd.grad(plain, tensors), strict=True):
            torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def test_the_sampled_gradient_is_near_the_full_one_on_average():
    embedding = torch.nn.Embedding(V, D)
    softmax = TiedSoftmax(embedding, torch.arange(1, V + 1))
    features, targets = torch.randn(5, D, requires_grad=True), torch.tensor([1, 4, 4, 9, 0])
    (full,) = torch.autograd.grad(-softmax.log_likelihood(features, targets).mean(), features)
    draws = []
    for _ in range(100):
        samples = softmax.draw(3000)
        loss = softmax.sampled_loss(
            features, targets, embedding(targets), samples, embedding(samples)
        )
        draws.append(torch.autograd.grad(loss, features)[0])
    assert torch.allclose(torch.stack(draws).mean(0), full, atol=0.02)
    assert full.abs().max() > 0.1
