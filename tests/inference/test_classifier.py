"""The NumPy classifier against torch's, over every model kind that it runs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from rnntool.configuration import as_dict
from rnntool.inference import classifier, packed
from rnntool.inference.classifier import NumpyClassifier
from rnntool.inference.encoder import can_encode
from rnntool.models.classifier import SequenceClassifier, class_probabilities
from rnntool.models.settings import ClassifierSettings
from rnntool.registry import CELLS, POOLINGS

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
        assert can_encode(as_dict(settings))
        tensors = {name: t.numpy() for name, t in model.state_dict().items()}
        engine = NumpyClassifier(as_dict(settings), tensors)
        texts = [[4], [5, 6, 7, 8, 1], [], [1, 0, 3], [8, 8]]
        expected = torch.cat([
            class_probabilities(model(torch.tensor([[*text, 0]]), torch.tensor([len(text)])))
            for text in texts
        ]).detach()  # fmt: skip
        for some in (slice(None), slice(0, 1), slice(2, 3)):  # together, one alone, an empty one
            found = engine.probabilities(texts[some])
            assert np.allclose(found, expected[some].numpy(), atol=1e-5), (pooling, some)
            assert found.sum(axis=1) == pytest.approx(1)


def test_batches_side_by_side_give_each_text_its_own_answer(monkeypatch):
    """Rows of all lengths, in small batches, by the table of products and without it."""
    torch.manual_seed(2)
    chosen = ClassifierSettings(hidden=6, embedding_dim=4, bidirectional=True)
    model, settings = SequenceClassifier(chosen, V, 3), as_dict(chosen)
    tensors = {name: t.numpy() for name, t in model.state_dict().items()}
    draw = np.random.default_rng(3)
    texts = [draw.integers(0, V, draw.integers(0, 12)).tolist() for _ in range(50)]
    alone = NumpyClassifier(settings, tensors)
    monkeypatch.setattr(classifier, "_TABLE", 0)
    expected = np.concatenate([alone.probabilities([text]) for text in texts])
    monkeypatch.setattr(packed, "_TOGETHER", 7)
    monkeypatch.setattr(classifier, "_MANY", 1)
    for table, tokens in ((0, 30), (1 << 20, 10_000), (1 << 20, 1)):
        monkeypatch.setattr(packed, "_STEPS", tokens)
        monkeypatch.setattr(classifier, "_TABLE", table)
        engine = NumpyClassifier(settings, tensors, threads=3)
        assert np.allclose(engine.probabilities(texts), expected, atol=1e-6)
        assert (engine._tables is not None) == (table > 0)


def test_the_table_is_made_after_many_tokens_and_then_used_for_single_lines(monkeypatch):
    chosen = ClassifierSettings(hidden=5, embedding_dim=4)
    tensors = {n: t.numpy() for n, t in SequenceClassifier(chosen, V, 2).state_dict().items()}
    engine = NumpyClassifier(as_dict(chosen), tensors)
    monkeypatch.setattr(classifier, "_MANY", 2)
    line, lines = [[1, 3]], [[4], [2, 5]]
    expected = engine.probabilities(line)
    for _ in range(V):
        engine.probabilities(line)  # however many
    assert engine._tables is None
    for tokens in range(3, V + 3, 3):
        engine.probabilities(lines)
        assert (engine._tables is not None) == (tokens >= V)
    monkeypatch.setattr(engine.encoder, "products", None)  # without the table it would be called
    assert np.allclose(engine.probabilities(line), expected, atol=1e-6)


@pytest.mark.parametrize("extra", [
    {"encoder": "cnn"}, {"encoder": "cnn-rnn"}, {"layer_norm": True}, {"residual": True},
])  # fmt: skip
def test_what_it_cannot_run_it_says(extra):
    assert not can_encode(as_dict(ClassifierSettings(**extra)))
