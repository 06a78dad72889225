"""Directions on threads of their own: the outputs and gradients of one after the other."""

from __future__ import annotations

import pytest
import torch

from rnntool.models import side_by_side
from rnntool.models.directional import DirectionalEncoder
from rnntool.models.recurrent import Extras, RecurrentEncoder
from rnntool.models.side_by_side import outputs_of

LENGTHS = torch.tensor([7, 3, 0, 1, 7])


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield monkeypatch.setattr(side_by_side, "_WORTHWHILE", 0)
    torch.set_num_threads(before)


@pytest.fixture
def used(monkeypatch):
    """How often threads were used."""
    calls = []
    apply = side_by_side._SideBySide.apply
    monkeypatch.setattr(
        side_by_side._SideBySide, "apply", lambda *given: calls.append(1) or apply(*given)
    )
    return calls


def gradients(encoder, inputs, lengths=LENGTHS):
    """Outputs, and the gradients of the input and of all parameters."""
    encoder.zero_grad()
    inputs = inputs.detach().requires_grad_()
    states, last = encoder(inputs, lengths)
    weights = torch.linspace(-1, 1, states.numel()).view(states.shape)
    (states.float() * weights).sum().backward(retain_graph=False)
    return [states, last, inputs.grad, *(p.grad for p in encoder.parameters())]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("make", [
    lambda cell: RecurrentEncoder(cell, 5, 6, layers=2, bidirectional=True),
    lambda cell: RecurrentEncoder(cell, 12, 6, 2, True, extras=Extras(residual=True)),
    lambda cell: DirectionalEncoder(cell, 5, 6, layers=3, extras=Extras(residual=True)),
])  # fmt: skip
def test_outputs_and_gradients_are_those_of_one_after_the_other(cell, make, used, monkeypatch):
    torch.manual_seed(3)
    encoder = make(cell).double()
    inputs = torch.randn(5, 7, encoder.layers[0][0].input_size, dtype=torch.float64)
    apart = gradients(encoder, inputs)
    assert len(used) == len(encoder.layers)
    monkeypatch.setattr(side_by_side, "_WORTHWHILE", 1 << 60)
    wanted = gradients(encoder, inputs)
    assert len(used) == len(encoder.layers)
    for found, own in zip(apart, wanted, strict=True):
        torch.testing.assert_close(found, own, rtol=1e-12, atol=1e-12)


def test_a_single_text_and_frozen_parts(used, monkeypatch):
    encoder = DirectionalEncoder("lstm", 5, 6)
    encoder.layers[0][0].requires_grad_(False)
    inputs, lengths = torch.randn(1, 4, 5), torch.tensor([3])

    def run():
        encoder.zero_grad(set_to_none=True)
        states, _ = encoder(inputs, lengths)
        states.sum().backward()
        return [p.grad for p in encoder.parameters()]

    apart = run()
    monkeypatch.setattr(side_by_side, "_WORTHWHILE", 1 << 60)
    for found, own in zip(apart, run(), strict=True):
        assert (found is None) == (own is None)
        if own is not None:
            torch.testing.assert_close(found, own)
    assert any(gradient is None for gradient in apart)
    assert len(used) == 1


def test_the_number_format_is_that_of_the_thread_that_asks(used):
    encoder = RecurrentEncoder("lstm", 64, 64, bidirectional=True)
    inputs = torch.randn(5, 7, 64)
    with torch.autocast("cpu", torch.bfloat16):
        low = gradients(encoder, inputs)
    whole = gradients(encoder, inputs)
    assert low[0].dtype == torch.bfloat16
    assert whole[0].dtype == torch.float32
    assert len(used) == 2
    torch.testing.assert_close(low[0].float(), whole[0], rtol=0.05, atol=0.05)
    torch.testing.assert_close(low[3], whole[3], rtol=0.1, atol=0.3)


def test_threads_share_the_cores_and_the_caller_keeps_its_own():
    torch.set_num_threads(5)
    pool = side_by_side._threads(2, 5)
    assert {pool.submit(torch.get_num_threads).result() for _ in range(8)} == {2}
    assert torch.get_num_threads() == 5


def test_random_layers_answers_and_single_threads_run_in_the_caller(used):
    inputs = torch.randn(5, 7, 5)
    dropping = Extras(recurrent_dropout=0.5)
    RecurrentEncoder("lstm", 5, 6, bidirectional=True, extras=dropping)(inputs, LENGTHS)
    encoder = RecurrentEncoder("lstm", 5, 6, bidirectional=True)
    encoder.eval()(inputs, LENGTHS)
    encoder.train()
    with torch.no_grad():
        encoder(inputs, LENGTHS)
    torch.set_num_threads(1)
    encoder(inputs, LENGTHS)
    assert not used
    torch.set_num_threads(2)
    encoder(inputs, LENGTHS)
    assert used


def test_an_error_of_a_direction_is_raised():
    networks = [torch.nn.LSTM(3, 4, batch_first=True) for _ in range(2)]
    with pytest.raises(RuntimeError, match=r"input\.size"):
        outputs_of(networks, [torch.randn(2, 5, 3), torch.randn(2, 5, 4)])
