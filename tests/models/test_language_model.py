"""The language model against the hand-written cells, torch.nn, and its own definition."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rnntool.cells import CELLS as NUMPY_CELLS
from rnntool.cells.torch_layout import from_torch
from rnntool.cells.unroll import unroll
from rnntool.models.dropout import LockedDropout, drop_values
from rnntool.models.language_model import AdaptiveOutput, LanguageModel, cutoffs
from rnntool.models.settings import LanguageModelSettings
from rnntool.models.stateful import StatefulEncoder, detach, reset_some

V = 11


def settings(**changes: object) -> LanguageModelSettings:
    plain = LanguageModelSettings(embedding_dim=6, hidden=5)
    return replace(plain, **changes)  # type: ignore[arg-type]


def make(seed: int = 0, **changes: object) -> LanguageModel:
    torch.manual_seed(seed)
    return LanguageModel(settings(**changes), V).double().eval()


def total_nats(model: LanguageModel, ids: torch.Tensor, bptt: int) -> torch.Tensor:
    """Sum of the loss over chunks of `bptt` steps, the state carried on, the gradient cut."""
    state, losses = None, []
    for start in range(0, len(ids) - 1, bptt):
        stop = min(start + bptt, len(ids) - 1)
        before = None if state is None else detach(state)
        _, dropped, state = model(ids[start:stop], before)
        targets = ids[start + 1 : stop + 1].flatten()
        losses.append(-model.output.log_likelihood(dropped.flatten(0, 1), targets).sum())
    return torch.stack(losses).sum()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_carried_state_gives_the_loss_of_one_long_pass(cell, layers, batch):
    model = make(cell=cell, layers=layers)
    ids = torch.randint(V, (18, batch), generator=torch.Generator().manual_seed(1))
    whole = total_nats(model, ids, 17).item()
    assert whole > 1
    for bptt in (1, 5, 17, 40):
        assert total_nats(model, ids, bptt).item() == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_chunk_as_long_as_the_text_has_the_full_gradient_of_the_hand_written_cell(cell):
    model = make(cell=cell)
    ids = torch.randint(V, (9, 2), generator=torch.Generator().manual_seed(2))
    total_nats(model, ids, 40).backward()
    theirs = {n: p.grad.clone() for n, p in model.named_parameters()}

    tensors = {n: p.detach().numpy() for n, p in model.named_parameters()}
    own = {n: a for n, a in tensors.items() if n.startswith("encoder.layers.0.")}
    weights = from_torch(NUMPY_CELLS[cell], own, "encoder.layers.0.")[0][0]
    x = tensors["input.embedding.weight"][ids[:-1].numpy()].transpose(1, 0, 2)  # [B, T, D]
    run = unroll(NUMPY_CELLS[cell], weights, x)
    W, b = tensors["output.linear.weight"], tensors["output.linear.bias"]
    targets = ids[1:].numpy().T
    z = run.outputs @ W.T + b
    p = np.exp(z - z.max(-1, keepdims=True))
    dz = p / p.sum(-1, keepdims=True) - np.eye(V)[targets]  # of the loss summed over time
    gradients = run.backward(dz @ W)
    np.testing.assert_allclose(
        gradients.dweights["dW_hh"], theirs["encoder.layers.0.weight_hh_l0"], rtol=1e-5, atol=1e-6
    )
    assert np.abs(gradients.dweights["dW_hh"]).max() > 1e-3
    np.testing.assert_allclose(
        np.einsum("btv,bth->vh", dz, run.outputs), theirs["output.linear.weight"], atol=1e-6
    )


def test_a_shorter_chunk_cuts_the_gradient():
    ids = torch.randint(V, (9, 1), generator=torch.Generator().manual_seed(3))
    found = []
    for bptt in (2, 40):
        model = make()
        total_nats(model, ids, bptt).backward()
        found.append(model.encoder.layers[0].weight_hh_l0.grad.clone())
    assert not torch.allclose(found[0], found[1], rtol=1e-3)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_weight_drop_is_the_layer_with_a_dropped_recurrent_matrix(cell):
    encoder = StatefulEncoder(cell, 4, [5], nn.Identity(), weight_drop=0.5).train()
    inputs = torch.randn(6, 2, 4)
    torch.manual_seed(7)
    outputs, _ = encoder(inputs, None)
    network = encoder.layers[0]
    torch.manual_seed(7)
    dropped = drop_values(network.weight_hh_l0, 0.5)
    assert 0 < (dropped == 0).float().mean() < 1
    kept = network.weight_hh_l0.detach().clone()
    plain, _ = network(inputs)
    with torch.no_grad():
        network.weight_hh_l0.copy_(dropped)
    expected, _ = network(inputs)
    torch.testing.assert_close(outputs, expected)
    assert not torch.allclose(outputs, plain)
    with torch.no_grad():
        network.weight_hh_l0.copy_(kept)
    torch.testing.assert_close(encoder.eval()(inputs, None)[0], plain)


def test_locked_dropout_has_one_mask_for_all_steps():
    torch.manual_seed(0)
    dropped = LockedDropout(0.4).train()(torch.ones(7, 3, 50))
    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert not torch.equal(dropped[0, 0], dropped[0, 1])


@pytest.mark.parametrize("changes", [{}, {"softmax": "adaptive"}, {"tie_weights": True},
                                     {"input": "one-hot"}])  # fmt: skip
def test_probabilities_sum_to_one(changes):
    model = make(**changes).float()
    _, dropped, _ = model(torch.tensor([[3], [4]]), None)
    every = torch.arange(V)
    logs = model.output.log_likelihood(dropped[-1].expand(V, -1), every)
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert logs.std() > 1e-4


def test_tied_weights_are_one_tensor():
    model = make(tie_weights=True, layers=2)
    assert model.output.linear.weight is model.input.embedding.weight
    assert [layer.hidden_size for layer in model.encoder.layers] == [5, 6]


@pytest.mark.parametrize("size", [5, 9, 100, 30_000, 1_000_000])
def test_cutoffs_suit_torch(size):
    bounds = [0, *cutoffs(size), size]
    assert all(a < b for a, b in itertools.pairwise(bounds))


def test_reset_some_clears_whole_rows_of_every_layer():
    torch.manual_seed(0)
    state = [(torch.ones(1, 200, 3), torch.ones(1, 200, 3)), torch.ones(1, 200, 4)]
    (h, c), g = reset_some(state, 0.3)
    cleared = (h[0, :, 0] == 0).nonzero().flatten()
    assert 30 < len(cleared) < 90
    for part in (h, c, g):
        assert part[0, cleared].abs().sum() == 0
        assert part.sum() == (200 - len(cleared)) * part.shape[-1]


@pytest.mark.parametrize("targets", [
    [0, 1999, 2000, 9999, 10_000, 11_999],  # the first and the last of each class
    [10_000],  # alone in its class, the others are empty
    [3, 3, 2500],
    [],
])  # fmt: skip
def test_the_adaptive_softmax_is_torchs(targets, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "index_copy_", as_on_a_gpu(torch.Tensor.index_copy_))
    torch.manual_seed(3)
    ours = AdaptiveOutput(32, 12_000)
    states = torch.randn(len(targets), 32, requires_grad=True)
    wanted = torch.tensor(targets, dtype=torch.int64)
    found, expected = ours.log_likelihood(states, wanted), ours.softmax.log_prob(states)
    expected = expected[torch.arange(len(targets)), wanted]
    torch.testing.assert_close(found, expected)
    given = [states, *ours.parameters()]
    gradients = torch.autograd.grad(found.sum(), given, materialize_grads=True)
    references = torch.autograd.grad(expected.sum(), given, materialize_grads=True)
    torch.testing.assert_close(gradients, references)


def as_on_a_gpu(index_copy):
    """Deterministic kernels refuse an index without dimensions there."""

    def strict(self, dim, index, source):
        if not index.dim():
            raise RuntimeError("shape mismatch")
        return index_copy(self, dim, index, source)

    return strict
