"""Against torch.nn.RNN, LSTM and GRU: stacked, bidirectional, padded; weights there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnntool.cells import CELLS, Array, unroll_stack
from rnntool.cells.cell import State
from rnntool.cells.stack import States
from rnntool.cells.torch_layout import from_torch, gradients_to_torch, to_torch
from tests.cells.helpers import SIZES, same

MODULES = {
    "rnn": lambda *a, **k: nn.RNN(*a, nonlinearity="tanh", **k),
    "rnn-relu": lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}
names = pytest.mark.parametrize("name", MODULES)
shapes = pytest.mark.parametrize(
    ("layers", "bidirectional"), [(1, False), (3, False), (1, True), (2, True)]
)


def module(name: str, D: int, H: int, **options: object) -> nn.RNNBase:
    torch.manual_seed(0)
    m: nn.RNNBase = MODULES[name](D, H, batch_first=True, **options).double()  # type: ignore[operator]
    if name == "rnn-relu":  # else whole small cases are dead units, with gradients of zero
        for parameter, p in m.named_parameters():
            p.data.abs_().add_(2.0 if parameter.startswith("bias_ih") else 0.0)
    return m


def arrays(m: nn.Module) -> dict[str, Array]:
    return {name: p.detach().numpy() for name, p in m.named_parameters()}


def states_from_torch(parts: State, directions: int) -> list[list[State]]:
    """[layer][direction] from torch's (h_n,) or (h_n, c_n), each (layers·directions, B, H)."""
    flat = list(zip(*parts, strict=True))
    return [flat[n : n + directions] for n in range(0, len(flat), directions)]


def states_to_torch(states: States) -> State:
    """torch's (h_n,) or (h_n, c_n) from [layer][direction]."""
    flat = [state for layer in states for state in layer]
    return tuple(np.stack(parts) for parts in zip(*flat, strict=True))


@names
@shapes
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])
def test_outputs_states_and_gradients_equal_torch(
    name: str, layers: int, bidirectional: bool, size: tuple[int, int, int, int], padded: bool
) -> None:
    (B, T, D, H), cell, directions = size, CELLS[name], 1 + bidirectional
    m = module(name, D, H, num_layers=layers, bidirectional=bidirectional)
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, T, B, endpoint=True) if padded else None
    x = torch.tensor(rng.normal(size=(B, T, D)), requires_grad=True)
    start = [
        torch.tensor(rng.normal(size=(layers * directions, B, H)), requires_grad=True)
        for _ in cell.states
    ]
    doutputs = rng.normal(size=(B, T, directions * H))
    dlast = tuple(rng.normal(size=(layers * directions, B, H)) for _ in cell.states)

    given = x
    if lengths is not None:
        given = pack_padded_sequence(x, torch.tensor(lengths), True, enforce_sorted=False)
    outputs, last = m(given, tuple(start) if name == "lstm" else start[0])
    if lengths is not None:
        outputs, _ = pad_packed_sequence(outputs, True, total_length=T)
    last = last if name == "lstm" else (last,)
    loss = (outputs * torch.tensor(doutputs)).sum()
    (loss + sum((a * torch.tensor(d)).sum() for a, d in zip(last, dlast, strict=True))).backward()

    run = unroll_stack(
        cell,
        from_torch(cell, arrays(m)),
        x.detach().numpy(),
        states_from_torch(tuple(s.detach().numpy() for s in start), directions),
        lengths=lengths,
    )
    g = run.backward(doutputs, states_from_torch(dlast, directions))
    same(run.outputs, outputs.detach())
    for ours, theirs in zip(states_to_torch(run.states), last, strict=True):
        same(ours, theirs.detach())
    same(g.dx, x.grad)
    dstart = states_to_torch([[d.dstate for d in layer] for layer in g.layers])
    for ours, theirs in zip(dstart, start, strict=True):
        same(ours, theirs.grad)
    gradients = gradients_to_torch(g)
    assert set(gradients) == {n for n, _ in m.named_parameters()}
    for parameter, p in m.named_parameters():
        same(gradients[parameter], p.grad)


@names
@shapes
def test_weights_there_and_back_compute_the_same(
    name: str, layers: int, bidirectional: bool
) -> None:
    cell = CELLS[name]
    m = module(name, 3, 4, num_layers=layers, bidirectional=bidirectional)
    ours = from_torch(cell, arrays(m))
    back = to_torch(cell, ours, prefix="encoder.")
    assert set(back) == {f"encoder.{n}" for n, _ in m.named_parameters()}
    again = from_torch(cell, {**back, "head.weight": np.zeros((2, 4))}, prefix="encoder.")
    for layer, other in zip(ours, again, strict=True):
        for p, q in zip(layer, other, strict=True):
            for key, W in p.items():
                same(W, q[key], rtol=0)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    expected, _ = m(x)
    m.load_state_dict({n.removeprefix("encoder."): torch.tensor(a) for n, a in back.items()})
    actual, _ = m(x)
    same(actual.detach().numpy(), expected.detach())


@names
def test_a_module_without_biases(name: str) -> None:
    cell = CELLS[name]
    m = module(name, 3, 4, num_layers=2, bias=False)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    run = unroll_stack(cell, from_torch(cell, arrays(m)), x.numpy())
    same(run.outputs, m(x)[0].detach())


@names
def test_float32_weights_give_float32_outputs_near_torch(name: str) -> None:
    cell, m = CELLS[name], module(name, 3, 4).float()
    x = torch.randn(2, 5, 3)
    run = unroll_stack(cell, from_torch(cell, arrays(m)), x.numpy())
    assert run.outputs.dtype == np.float32
    np.testing.assert_allclose(run.outputs, m(x)[0].detach(), rtol=1e-5, atol=1e-6)


@names
def test_converting_leaves_the_module_alone(name: str) -> None:
    m = module(name, 3, 4)
    before = {n: a.copy() for n, a in arrays(m).items()}
    layers = from_torch(CELLS[name], arrays(m))
    layers[0][0]["b"] += 1
    for parameter, array in arrays(m).items():
        same(array, before[parameter], rtol=0)


def test_a_row_of_no_tokens_beside_others_in_a_bidirectional_stack() -> None:
    cell, m = CELLS["lstm"], module("lstm", 3, 4, num_layers=2, bidirectional=True)
    layers, rng = from_torch(cell, arrays(m)), np.random.default_rng(0)
    x, start = rng.normal(size=(3, 5, 3)), tuple(rng.normal(size=(4, 3, 4)) for _ in "hc")
    states = states_from_torch(start, 2)
    doutputs, dlast = rng.normal(size=(3, 5, 8)), tuple(rng.normal(size=(4, 3, 4)) for _ in "hc")
    run = unroll_stack(cell, layers, x, states, lengths=[5, 0, 2])
    g = run.backward(doutputs, states_from_torch(dlast, 2))
    assert not run.outputs[1].any()
    assert not g.dx[1].any()
    dstart = states_to_torch([[d.dstate for d in layer] for layer in g.layers])
    for part in range(2):
        same(states_to_torch(run.states)[part][:, 1], start[part][:, 1], rtol=0)
        same(dstart[part][:, 1], dlast[part][:, 1], rtol=0)
    kept = [0, 2]
    others = unroll_stack(
        cell,
        layers,
        x[kept],
        states_from_torch(tuple(s[:, kept] for s in start), 2),
        lengths=[5, 2],
    )
    same(run.outputs[kept], others.outputs)
    other_g = others.backward(
        doutputs[kept], states_from_torch(tuple(d[:, kept] for d in dlast), 2)
    )
    for parameter, dW in gradients_to_torch(g).items():
        same(dW, gradients_to_torch(other_g)[parameter])


def test_the_written_out_gru_has_the_same_names_and_one_bias() -> None:
    cell = CELLS["gru-reset-before"]
    weights = cell.initial_weights(3, 4, np.random.default_rng(0))
    named = to_torch(cell, [[weights]])
    assert not named["bias_hh_l0"].any()
    back = from_torch(cell, named)[0][0]
    assert set(back) == {"W_xh", "W_hh", "b"}
    for name, value in weights.items():
        same(back[name], value)


def test_what_is_no_torch_layer_is_refused_by_name() -> None:
    whole = arrays(module("lstm", 3, 4))
    with pytest.raises(ValueError, match="'weight_hr_l0' is no parameter"):
        from_torch(CELLS["lstm"], arrays(module("lstm", 3, 4, proj_size=2)))
    with pytest.raises(ValueError, match="missing parameter 'weight_hh_l0'"):
        from_torch(CELLS["lstm"], {n: a for n, a in whole.items() if n != "weight_hh_l0"})
    with pytest.raises(ValueError, match="no parameter of a torch lstm layer here"):
        from_torch(CELLS["lstm"], whole, prefix="decoder.")
    with pytest.raises(ValueError, match="gru: W_xh has shape"):
        from_torch(CELLS["gru"], whole)
