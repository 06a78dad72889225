from __future__ import annotations

import torch
from torch import nn

from rnntool.training.average import WeightAverage


def test_a_checkpoints_average_goes_where_the_model_is():
    """Checkpoints are read onto the CPU; `meta` stands for a GPU."""
    average = WeightAverage(nn.Linear(2, 1, device="meta"), 0.5)
    average.restore({"weight": torch.ones(1, 2), "bias": torch.ones(1), "steps": torch.tensor(7)})
    places = {name: tensor.device.type for name, tensor in average.weights.items()}
    assert places == {"weight": "meta", "bias": "meta", "steps": "cpu"}
    assert average.coming_decay() == min(0.5, 8 / 17)


def test_the_average_follows_its_formula_and_gives_the_weights_back():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 0.0)
    average = WeightAverage(model, 0.5)
    expected = 0.0
    for step, value in enumerate((1.0, 2.0, 4.0)):
        nn.init.constant_(model.weight, value)
        average.update(model)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    with average.applied(model):
        assert torch.allclose(model.weight, torch.tensor(expected))
    assert model.weight.item() == 4.0
