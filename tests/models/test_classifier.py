from __future__ import annotations

import pytest
import torch

from rnntool.models.classifier import SequenceClassifier, class_probabilities
from rnntool.models.inputs import EmbeddingInput, OneHotInput, WordDropout
from rnntool.models.settings import ClassifierSettings
from rnntool.registry import CELLS, POOLINGS
from rnntool.text.vocabulary import PAD_ID, UNK_ID

V = 11


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["embedding", "one-hot"])
def test_padding_never_changes_a_score(cell, pooling, kind):
    torch.manual_seed(1)
    settings = ClassifierSettings(
        cell=cell, pooling=pooling, input=kind, hidden=5, embedding_dim=4, layers=2,
        bidirectional=True, dropout=0.5, word_dropout=0.5, embedding_dropout=0.5,
    )  # fmt: skip
    model = SequenceClassifier(settings, V, 3).eval()
    rows = [[4, 5, 6], [7], [4, 8, 9, 10, 5, 6, 7], []]
    longest = 12
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
    together = model(ids, torch.tensor([len(row) for row in rows]))
    for i, row in enumerate(rows):
        alone = model(torch.tensor([row or [0]]), torch.tensor([len(row)]))
        assert torch.allclose(alone[0], together[i], atol=1e-6)
    assert (together[0] - together[2]).abs().max() > 1e-3


def test_one_hot_is_a_unit_vector_and_zero_for_padding():
    vectors = OneHotInput(4)(torch.tensor([[2, PAD_ID]]))
    assert vectors.tolist() == [[[0.0, 0.0, 1.0, 0.0], [0.0] * 4]]


def test_parameter_counts_of_the_textbook():
    """8 units on one-hot 500: 4,072; on 16-dimensional embedding of 500 words: 200 + 8,000."""

    def count(model: SequenceClassifier) -> int:
        """The encoder's parameters, counted with one bias as Keras and textbooks do."""
        named = model.encoder.named_parameters()
        return sum(p.numel() for name, p in named if "bias_hh" not in name)

    one_hot = ClassifierSettings(cell="rnn", hidden=8, input="one-hot")
    assert count(SequenceClassifier(one_hot, 500, 2)) == 4072
    embedded = ClassifierSettings(cell="rnn", hidden=8, embedding_dim=16)
    model = SequenceClassifier(embedded, 500, 2)
    assert count(model) == 200
    assert model.input.embedding.weight.numel() == 8000


def test_the_row_of_padding_stays_zero_in_training():
    embedding = EmbeddingInput(V, 3)
    embedding.load_vectors(torch.ones(V, 3), freeze=False)
    embedding(torch.tensor([[0, 4]])).sum().backward()
    gradient = embedding.embedding.weight.grad
    assert gradient[4].tolist() == [1.0, 1.0, 1.0]
    assert gradient[PAD_ID].tolist() == [0.0, 0.0, 0.0]
    assert embedding.embedding.weight[PAD_ID].tolist() == [0.0, 0.0, 0.0]


def test_frozen_vectors_are_not_trained():
    embedding = EmbeddingInput(V, 3)
    embedding.load_vectors(torch.ones(V, 3), freeze=True)
    assert not embedding.embedding.weight.requires_grad


def test_word_dropout_hits_its_share_in_training_only_and_spares_padding():
    torch.manual_seed(1)
    ids = torch.full((100, 100), 7)
    ids[:, 50:] = PAD_ID
    layer = WordDropout(0.3)
    dropped = layer(ids)
    assert abs((dropped[:, :50] == UNK_ID).float().mean() - 0.3) < 0.03
    assert (dropped[:, 50:] == PAD_ID).all()
    assert torch.equal(layer.eval()(ids), ids)


def test_a_sigmoid_unit_gives_two_probabilities():
    probabilities = class_probabilities(torch.tensor([[0.0], [2.0]], dtype=torch.float64))
    assert probabilities[0].tolist() == [0.5, 0.5]
    assert probabilities[1, 1].item() == pytest.approx(0.8807970779778823)
