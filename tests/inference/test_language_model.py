"""The NumPy engine against the torch model of the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnntool.inference.language_model import NumpyLanguageModel
from rnntool.models.language_model import LanguageModel
from rnntool.models.settings import LanguageModelSettings

V = 13


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"layers": 3}, {"tie_weights": True, "layers": 2}, {"input": "one-hot"},
     {"softmax": "adaptive", "hidden": 40}],
)  # fmt: skip
def test_it_gives_the_log_probabilities_of_the_torch_model(cell, changes):
    torch.manual_seed(0)
    settings = replace(LanguageModelSettings(embedding_dim=6, hidden=8, cell=cell), **changes)
    model = LanguageModel(settings, V).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # fresh outputs are nearly uniform
    ids = torch.randint(1, V, (7, 2), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        _, dropped, _ = model(ids, None)
        expected = torch.stack(
            [model.output.log_likelihood(dropped[-1], torch.full((2,), v)) for v in range(V)], dim=1
        )
    engine = NumpyLanguageModel(cell, {n: t.numpy() for n, t in model.state_dict().items()})
    states = engine.zero_states(2)
    for step in ids.numpy():
        found, states = engine.step(step, states)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert found.std() > 0.05


def test_without_a_table_it_gives_the_same(monkeypatch):
    from rnntool.inference import language_model as module

    torch.manual_seed(0)
    model = LanguageModel(LanguageModelSettings(embedding_dim=6, hidden=8), V)
    tensors = {n: t.numpy() for n, t in model.state_dict().items()}
    with_table = NumpyLanguageModel("lstm", tensors)
    monkeypatch.setattr(module, "_TABLE", 0)
    without = NumpyLanguageModel("lstm", tensors)
    ids = np.array([3, 5])
    np.testing.assert_allclose(
        with_table.step(ids, with_table.zero_states(2))[0],
        without.step(ids, without.zero_states(2))[0],
        atol=1e-6,
    )
