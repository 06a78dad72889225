"""The encoder against torch.nn on packed sequences: another path to the same numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnntool.models.pooling import pool, pooled_dim
from rnntool.models.recurrent import RecurrentEncoder, last_states, reorder, reversed_within

CELLS = ("rnn", "lstm", "gru")

B, T, D, H = 5, 7, 3, 4
LENGTHS = torch.tensor([7, 1, 4, 6, 2])


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def reference(encoder: RecurrentEncoder, cell: str, layers: int, bidirectional: bool) -> nn.Module:
    """torch's own stacked network with the encoder's weights."""
    made = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](
        D, H, layers, batch_first=True, bidirectional=bidirectional
    )
    state = {}
    for layer, directions in enumerate(encoder.layers):
        for direction, network in enumerate(directions):
            for name, weight in network.named_parameters():
                renamed = name.replace("_l0", f"_l{layer}" + ("_reverse" if direction else ""))
                state[renamed] = weight.detach()
    made.load_state_dict(state)
    return made


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_states_last_states_and_gradients_equal_torchs_packed_ones(cell, layers, bidirectional):
    encoder = RecurrentEncoder(cell, D, H, layers, bidirectional)
    network = reference(encoder, cell, layers, bidirectional)
    ours_in = torch.randn(B, T, D, requires_grad=True)
    theirs_in = ours_in.detach().clone().requires_grad_()

    states, last = encoder(ours_in, LENGTHS)
    packed = pack_padded_sequence(theirs_in, LENGTHS, batch_first=True, enforce_sorted=False)
    output, final = network(packed)
    expected, _ = pad_packed_sequence(output, batch_first=True)
    final = final[0] if cell == "lstm" else final
    directions = 2 if bidirectional else 1
    expected_last = final[-directions:].transpose(0, 1).reshape(B, -1)

    real = (torch.arange(T) < LENGTHS[:, None]).unsqueeze(-1)
    assert torch.allclose(states * real, expected * real, rtol=1e-10)
    assert torch.allclose(last, expected_last, rtol=1e-10)
    weight = torch.randn(expected.shape)
    ((states * real * weight).sum() + last.square().sum()).backward()
    ((expected * real * weight).sum() + expected_last.square().sum()).backward()
    assert ours_in.grad.abs().sum() > 0
    assert torch.allclose(ours_in.grad, theirs_in.grad, rtol=1e-9)
    ours = encoder.layers[0][0].weight_hh_l0.grad
    theirs = network.weight_hh_l0.grad
    assert theirs.abs().sum() > 0
    assert torch.allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_an_empty_row_has_a_zero_last_state_and_no_influence(cell):
    encoder = RecurrentEncoder(cell, D, H, 2, bidirectional=True)
    inputs = torch.randn(2, 3, D)
    _, last = encoder(inputs, torch.tensor([3, 0]))
    _, alone = encoder(inputs[:1], torch.tensor([3]))
    assert torch.equal(last[1], torch.zeros(2 * H))
    assert torch.allclose(last[0], alone[0], rtol=1e-12)


def test_reversing_twice_gives_the_order_back():
    order = reversed_within(torch.tensor([3, 0, 5]), 5)
    assert order.tolist() == [[2, 1, 0, 3, 4], [0, 1, 2, 3, 4], [4, 3, 2, 1, 0]]


def test_pooling_leaves_padding_out():
    states = torch.tensor([[[1.0, -3.0], [3.0, -5.0], [99.0, 99.0]], [[9.0, 9.0]] * 3])
    lengths = torch.tensor([2, 0])
    last = last_states(states, lengths)
    assert last.tolist() == [[3.0, -5.0], [0.0, 0.0]]
    assert pool("max", states, last, lengths).tolist() == [[3.0, -3.0], [0.0, 0.0]]
    assert pool("mean", states, last, lengths).tolist() == [[2.0, -4.0], [0.0, 0.0]]
    everything = pool("all", states, last, lengths)
    assert everything.tolist() == [[3.0, -5.0, 3.0, -3.0, 2.0, -4.0], [0.0] * 6]
    assert everything.shape[1] == pooled_dim("all", 2)


@pytest.mark.parametrize("kind", ["max", "mean", "all"])
@pytest.mark.parametrize("lengths", [[4, 0, 7, 1], [5], [0]])
def test_gradients_of_pooling_are_autograds(kind, lengths):
    """Ties as well: equal highest states share the gradient."""
    torch.manual_seed(1)
    steps = max(*lengths, 7)
    states = torch.randn(len(lengths), steps, 6)
    states[:, 2] = states[:, 0]  # equal maxima
    last, factors = torch.randn(len(lengths), 6), torch.randn(len(lengths), pooled_dim(kind, 6))
    own, plain = states.clone().requires_grad_(), states.clone().requires_grad_()
    pooled = pool(kind, own, last, torch.tensor(lengths))
    (pooled * factors).sum().backward()
    rows = []
    for row, length in enumerate(lengths):
        real = plain[row, :length] if length else plain[row, :1] * 0
        parts = {"max": real.amax(0), "mean": real.mean(0)}
        rows.append(parts[kind] if kind in parts else torch.cat([last[row], *parts.values()]))
    (torch.stack(rows) * factors).sum().backward()
    torch.testing.assert_close(pooled, torch.stack(rows))
    torch.testing.assert_close(own.grad, plain.grad)
    assert own.grad.any() == any(lengths)


def test_pooling_is_the_same_where_no_gradient_is_wanted():
    states, lengths = torch.randn(3, 5, 4, requires_grad=True), torch.tensor([5, 0, 2])
    for kind in ("max", "mean"):
        with torch.no_grad():
            without = pool(kind, states, states[:, 0], lengths)
        torch.testing.assert_close(pool(kind, states, states[:, 0], lengths), without)


def test_states_that_overflow_in_the_padding_disturb_no_mean():
    states = torch.tensor([[[1.0], [3.0], [torch.inf]]], requires_grad=True)
    pooled = pool("mean", states, states[:, 0], torch.tensor([2]))
    pooled.sum().backward()
    assert pooled.tolist() == [[2.0]]
    assert states.grad.flatten().tolist() == [0.5, 0.5, 0.0]


def test_the_gradient_of_reversing_is_autograds():
    torch.manual_seed(2)
    lengths = torch.tensor([4, 0, 7, 1])
    states, factors = torch.randn(4, 7, 3), torch.randn(4, 7, 3)
    order = reversed_within(lengths, 7)
    own, plain = states.clone().requires_grad_(), states.clone().requires_grad_()
    reordered = reorder(own, order)
    gathered = plain.gather(1, order.unsqueeze(-1).expand(-1, -1, 3))
    (reordered * factors).sum().backward()
    (gathered * factors).sum().backward()
    assert torch.equal(reordered, gathered)
    assert torch.equal(own.grad, plain.grad)
    assert not torch.equal(own.grad, factors)


def test_initialization_is_orthogonal_and_opens_the_forget_gates():
    encoder = RecurrentEncoder("lstm", D, H)
    network = encoder.layers[0][0]
    for gate in network.weight_hh_l0.split(H):
        assert torch.allclose(gate @ gate.T, torch.eye(H), atol=1e-9)
    bias = network.bias_ih_l0 + network.bias_hh_l0
    assert bias.tolist() == [0.0] * H + [1.0] * H + [0.0] * 2 * H
