"""Dropout: shares, scale, gradient, and the same masks from the same seed."""

from __future__ import annotations

import pytest
import torch

from rnntool.models.dropout import Dropout, LockedDropout, drop_values


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.95])
def test_the_share_is_dropped_and_the_mean_stays(share):
    torch.manual_seed(1)
    n = 400_000
    dropped = drop_values(torch.ones(n), share)
    zeros = float((dropped == 0).float().mean())
    assert zeros == pytest.approx(share, abs=4 * (share * (1 - share) / n) ** 0.5)
    assert dropped[dropped > 0].unique().tolist() == pytest.approx([1 / (1 - share)], rel=1e-3)
    assert float(dropped.mean()) == pytest.approx(1, abs=5 * (share / (1 - share) / n) ** 0.5)


def test_values_are_dropped_independently_of_their_neighbours():
    torch.manual_seed(2)
    kept = (drop_values(torch.ones(1000, 256), 0.5) > 0).double()
    for other in (kept.roll(1, 0), kept.roll(1, 1), kept.roll(4, 1)):
        assert abs(float(((kept - 0.5) * (other - 0.5)).mean()) * 4) < 0.01


def test_the_gradient_is_the_mask():
    values = torch.randn(5, 7, requires_grad=True)
    dropped = drop_values(values, 0.4)
    dropped.sum().backward()
    torch.testing.assert_close(values.grad * values, dropped)
    assert (values.grad == 0).any()


def test_the_same_seed_gives_the_same_masks_and_each_call_another():
    def three() -> list[torch.Tensor]:
        torch.manual_seed(5)
        return [drop_values(torch.ones(3, 11), 0.5) for _ in range(3)]

    first, second = three(), three()
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (3, 1, 5)])
def test_any_shape_and_type(shape):
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        dropped = drop_values(torch.ones(shape, dtype=dtype), 0.25)
        assert dropped.shape == shape
        assert dropped.dtype == dtype


@pytest.mark.parametrize("layer", [Dropout(0.5), LockedDropout(0.5), LockedDropout(0.5, time=1)])
def test_nothing_is_dropped_but_in_training(layer):
    values = torch.randn(4, 3, 2)
    assert torch.equal(layer.eval()(values), values)
    assert not torch.equal(layer.train()(values), values)


def test_one_mask_for_all_steps():
    torch.manual_seed(1)
    by_row = LockedDropout(0.5, time=1).train()(torch.ones(6, 9, 20))
    assert (by_row == by_row[:, :1]).all()
    assert not (by_row == by_row[:1]).all()
