from __future__ import annotations

import pytest
import torch
from torch import nn

from rnntool.registry import OPTIMIZERS
from rnntool.training.optim import Schedule, clip_gradient, make_optimizer
from rnntool.training.settings import TrainingSettings


def parameter(*gradient: float) -> nn.Parameter:
    made = nn.Parameter(torch.zeros(len(gradient)))
    made.grad = torch.tensor(gradient)
    return made


def test_clipping_is_by_global_norm_over_all_parameters():
    parameters = [parameter(3.0), parameter(0.0, 4.0)]
    assert clip_gradient(parameters, 1.0) == pytest.approx(5.0)
    assert parameters[0].grad.tolist() == pytest.approx([0.6])
    assert parameters[1].grad.tolist() == pytest.approx([0.0, 0.8])


def test_a_small_gradient_or_a_threshold_of_zero_is_left_alone():
    for threshold in (6.0, 0.0):
        parameters = [parameter(3.0, 4.0)]
        assert clip_gradient(parameters, threshold) == pytest.approx(5.0)
        assert parameters[0].grad.tolist() == [3.0, 4.0]


def test_one_cycle_rises_to_the_peak_and_falls_to_nothing():
    model = nn.Linear(2, 2)
    settings = TrainingSettings(lr=0.01, schedule="one-cycle")
    optimizer = make_optimizer(settings, model)
    schedule = Schedule(settings, optimizer, 100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.after_step()
    assert max(rates) == pytest.approx(0.01, rel=1e-3)
    assert rates.index(max(rates)) == pytest.approx(24, abs=1)
    assert rates[-1] < 1e-6


def test_plateau_halves_after_an_epoch_that_is_no_better():
    settings = TrainingSettings(lr=0.01, schedule="plateau")
    optimizer = make_optimizer(settings, nn.Linear(2, 2))
    schedule = Schedule(settings, optimizer, 100)
    rates = []
    for score in (0.5, 0.6, 0.6, 0.7):
        schedule.after_epoch(score)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0.005])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_reduces_a_loss_and_decays_no_bias(name):
    torch.manual_seed(1)
    model = nn.Linear(3, 1)
    settings = TrainingSettings(optimizer=name, lr=0.05)
    optimizer = make_optimizer(settings, model)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.01, 0.0]
    inputs = torch.randn(50, 3)
    target = inputs.sum(dim=1, keepdim=True)
    losses = []
    for _ in range(50):
        loss = (model(inputs) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
