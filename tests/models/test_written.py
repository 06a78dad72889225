"""The written-out layer against torch.nn, against the NumPy cells, and its extras by formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rnntool.cells import CELLS, unroll_stack
from rnntool.cells.torch_layout import from_torch
from rnntool.models.recurrent import Extras, RecurrentEncoder, make_layer
from rnntool.models.written import GATES, WrittenLayer

B, T, D, H = 3, 5, 4, 6


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(5)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def torchs(cell: str) -> nn.Module:
    if cell.startswith("rnn"):
        return nn.RNN(D, H, nonlinearity="relu" if cell == "rnn-relu" else "tanh")
    return {"lstm": nn.LSTM, "gru": nn.GRU}[cell](D, H)


@pytest.mark.parametrize("cell", ["rnn", "rnn-relu", "lstm", "gru"])
def test_outputs_states_and_gradients_equal_torchs_with_the_extras_off(cell):
    ours, theirs = WrittenLayer(cell, D, H), torchs(cell)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(T, B, D)
    h = torch.randn(1, B, H)
    start = (h, torch.randn(1, B, H)) if cell == "lstm" else h
    ours_in, theirs_in = x.clone().requires_grad_(), x.clone().requires_grad_()
    (out, after), (expected, expected_after) = ours(ours_in, start), theirs(theirs_in, start)
    assert torch.allclose(out, expected, rtol=1e-12)
    pairs = zip(after, expected_after, strict=True) if cell == "lstm" else [(after, expected_after)]
    assert all(torch.allclose(a, b, rtol=1e-12) for a, b in pairs)
    weights = torch.randn_like(out)
    (out * weights).sum().backward()
    (expected * weights).sum().backward()
    assert theirs_in.grad.abs().min() > 0
    assert torch.allclose(ours_in.grad, theirs_in.grad, rtol=1e-9)
    for name, parameter in theirs.named_parameters():
        assert torch.allclose(dict(ours.named_parameters())[name].grad, parameter.grad, rtol=1e-9)


@pytest.mark.parametrize("cell", GATES)
def test_outputs_equal_the_numpy_cells(cell):
    ours = WrittenLayer(cell, D, H, batch_first=True)
    tensors = {name: p.detach().numpy() for name, p in ours.named_parameters()}
    x = torch.randn(B, T, D)
    run = unroll_stack(CELLS[cell], from_torch(CELLS[cell], tensors), x.numpy())
    assert np.allclose(ours(x)[0].detach().numpy(), run.outputs, rtol=1e-12)


@pytest.mark.parametrize("cell", GATES)
def test_layer_norm_makes_a_step_blind_to_the_scale_of_its_products(cell):
    """LN(c · a) = LN(a) for c > 0, so weights that are ten times as large change nothing."""
    layer = WrittenLayer(cell, D, H, layer_norm=True)
    for norm in layer.norms.values():
        norm.eps = 1e-14
    x = torch.randn(T, B, D)
    before = layer(x)[0]
    with torch.no_grad():
        layer.weight_ih_l0 *= 10
        layer.weight_hh_l0 *= 10
    assert torch.allclose(before, layer(x)[0], atol=1e-5)


def test_layer_norm_lstm_is_equations_20_to_22():
    layer = WrittenLayer("lstm", D, H, layer_norm=True)
    for norm in layer.norms.values():
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -1, 1)
    x, h, c = torch.randn(1, B, D), torch.randn(B, H), torch.randn(B, H)

    def norm(name: str, a: torch.Tensor) -> torch.Tensor:
        module = layer.norms[name]
        mean, spread = a.mean(1, keepdim=True), a.var(1, unbiased=False, keepdim=True)
        return module.weight * (a - mean) / (spread + module.eps).sqrt() + module.bias

    b = layer.bias_ih_l0 + layer.bias_hh_l0
    a = norm("h", h @ layer.weight_hh_l0.T) + norm("x", x[0] @ layer.weight_ih_l0.T) + b
    i, f, g, o = a.split(H, dim=1)
    c1 = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h1 = o.sigmoid() * norm("c", c1).tanh()
    out, (_, c_after) = layer(x, (h[None], c[None]))
    assert torch.allclose(out[0], h1, rtol=1e-9)
    assert torch.allclose(c_after[0], c1, rtol=1e-9)


def test_recurrent_dropout_has_one_mask_for_all_steps_and_none_in_evaluation():
    layer = WrittenLayer("rnn", D, H, recurrent_dropout=0.5)
    masks = []
    original = layer._rnn

    def spy(a, read, h, c):
        masks.append((read / h).detach())
        return original(a, read, h, c)

    layer._rnn = spy
    layer(torch.randn(T, B, D), torch.rand(1, B, H) + 1)
    assert len(masks) == T
    assert all(torch.allclose(mask, masks[0]) for mask in masks)
    assert set(masks[0].flatten().round(decimals=6).tolist()) == {0.0, 2.0}
    layer._rnn = original
    layer.eval()
    x = torch.randn(T, B, D)
    assert torch.equal(layer(x)[0], layer(x)[0])


def test_padding_changes_nothing_with_all_extras():
    extras = Extras(layer_norm=True, recurrent_dropout=0.3, residual=True)
    encoder = RecurrentEncoder("lstm", 2 * H, H, 2, bidirectional=True, extras=extras).eval()
    x = torch.randn(2, T, 2 * H)
    states, last = encoder(x, torch.tensor([T, 2]))
    alone, alone_last = encoder(x[1:, :2], torch.tensor([2]))
    assert torch.allclose(states[1, :2], alone[0], rtol=1e-10)
    assert torch.allclose(last[1], alone_last[0], rtol=1e-10)


def test_a_residual_layer_adds_its_input():
    torch.manual_seed(1)
    plain = RecurrentEncoder("gru", H, H, 1)
    residual = RecurrentEncoder("gru", H, H, 1, extras=Extras(residual=True))
    residual.load_state_dict(plain.state_dict())
    x, lengths = torch.randn(B, T, H), torch.full((B,), T)
    assert torch.allclose(residual(x, lengths)[0], plain(x, lengths)[0] + x)


def test_layers_are_torchs_where_torch_can_do_it():
    assert isinstance(make_layer("lstm", D, H), nn.LSTM)
    assert make_layer("rnn-relu", D, H).nonlinearity == "relu"
    assert isinstance(make_layer("gru-reset-before", D, H), WrittenLayer)
    layer = make_layer("lstm", D, H, extras=Extras(layer_norm=True))
    assert isinstance(layer, WrittenLayer)
    forget = layer.bias_ih_l0[H : 2 * H] + layer.bias_hh_l0[H : 2 * H]
    assert torch.equal(forget, torch.ones(H))
    block = layer.weight_hh_l0[:H]
    assert torch.allclose(block @ block.T, torch.eye(H), atol=1e-10)


def test_layer_norm_gradients_by_finite_differences():
    layer = WrittenLayer("gru", D, H, layer_norm=True)
    x = torch.randn(2, 2, D, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: layer(values)[0], (x,))
