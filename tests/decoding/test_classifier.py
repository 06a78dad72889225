"""The NumPy classifier against torch's, over every model kind that it runs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from rnntool.decoding.classifier import ClassifierEngine, can_run
from rnntool.models.classifier import SequenceClassifier, class_probabilities
from rnntool.models.settings import ClassifierSettings
from rnntool.registry import CELLS, POOLINGS
from rnntool.settings import as_dict

V = 9
KINDS = [
    {"cell": cell, "layers": layers, "bidirectional": both}
    for cell, layers, both in itertools.product(CELLS, (1, 2), (False, True))
] + [{"encoder": "directional", "layers": n} for n in (1, 2)] + [{"input": "one-hot"}]  # fmt: skip


@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_probabilities_equal_torchs(kind, outputs):
    torch.manual_seed(1)
    for pooling in POOLINGS:
        settings = ClassifierSettings(hidden=5, embedding_dim=4, pooling=pooling, **kind)
        model = SequenceClassifier(settings, V, outputs).eval()
        assert can_run(as_dict(settings))
        tensors = {name: t.numpy() for name, t in model.state_dict().items()}
        engine = ClassifierEngine(as_dict(settings), tensors)
        for text in ([5, 6, 7, 8, 1], [4], []):
            ids = torch.tensor([[*text, 0]])
            expected = class_probabilities(model(ids, torch.tensor([len(text)])).double())[0]
            found = engine.probabilities(text)
            assert np.allclose(found, expected.detach().numpy(), atol=1e-5), (pooling, text)
            assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("extra", [
    {"encoder": "cnn"}, {"encoder": "cnn-rnn"}, {"layer_norm": True}, {"residual": True},
])  # fmt: skip
def test_what_it_cannot_run_it_says(extra):
    assert not can_run(as_dict(ClassifierSettings(**extra)))
