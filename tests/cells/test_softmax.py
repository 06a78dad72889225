"""Softmax and cross-entropy against torch, at sizes where the naive form overflows too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnntool.cells import cross_entropy, finite_differences, log_softmax, softmax
from tests.cells.helpers import same


@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 7)])
def test_softmax_equals_torch(shape: tuple[int, ...], scale: float) -> None:
    z = np.random.default_rng(0).normal(0, scale, shape)
    same(softmax(z), torch.softmax(torch.tensor(z), -1))
    same(log_softmax(z), torch.log_softmax(torch.tensor(z), -1))
    np.testing.assert_allclose(softmax(z).sum(axis=-1), 1)
    assert softmax(z.astype(np.float32)).dtype == np.float32


def test_cross_entropy_and_its_gradient_equal_torch_and_finite_differences() -> None:
    rng = np.random.default_rng(0)
    z, targets = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    padded = np.where(mask, targets, -100)
    loss, backward = cross_entropy(z, padded, mask)
    z_t = torch.tensor(z, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(z_t.flatten(0, 1), torch.tensor(padded).flatten())
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    same(backward(), z_t.grad)
    assert not backward()[~mask].any()
    numeric = finite_differences(lambda: cross_entropy(z, padded, mask)[0], {"z": z})
    np.testing.assert_allclose(backward(), numeric["dz"], rtol=1e-6, atol=1e-9)


def test_without_a_mask_every_position_counts() -> None:
    z, targets = np.zeros((2, 3, 4)), np.zeros((2, 3), int)
    assert cross_entropy(z, targets)[0] == pytest.approx(np.log(4))


def test_what_has_no_loss_is_refused() -> None:
    z, targets = np.zeros((2, 4)), np.array([0, 4])
    with pytest.raises(ValueError, match="target 4 is outside 0 to 3"):
        cross_entropy(z, targets)
    with pytest.raises(ValueError, match="no position counts"):
        cross_entropy(z, targets, np.zeros(2, bool))
    with pytest.raises(ValueError, match=r"targets \(3,\)"):
        cross_entropy(z, np.zeros(3, int))
