"""The conditional random field against the sum over all tag sequences, written out."""

from __future__ import annotations

import itertools

import pytest
import torch

from rnntool.models.crf import TagField

T, C = 4, 3


@pytest.fixture
def field() -> TagField:
    torch.manual_seed(3)
    made = TagField(C).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


def score(field: TagField, scores: torch.Tensor, tags: tuple[int, ...]) -> torch.Tensor:
    """Of one sequence of tags: start, each tag, each pair of neighbours, end."""
    crf = field.crf
    total = crf.start_transitions[tags[0]] + crf.end_transitions[tags[-1]]
    total = total + sum(scores[t, tag] for t, tag in enumerate(tags))
    return total + sum(crf.transitions[a, b] for a, b in itertools.pairwise(tags))


def test_the_loss_is_minus_the_log_of_a_share_of_all_sequences(field):
    scores = torch.randn(2, T, C, dtype=torch.float64)
    tags = torch.tensor([[0, 2, 1, 1], [2, 0, 0, 0]])
    real = torch.tensor([[True] * 4, [True, True, False, False]])
    expected = 0.0
    for row, length in ((0, 4), (1, 2)):
        every = [score(field, scores[row], y) for y in itertools.product(range(C), repeat=length)]
        own = score(field, scores[row], tuple(tags[row, :length].tolist()))
        expected += (torch.logsumexp(torch.stack(every), 0) - own).item()
    assert field.loss(scores, tags, real).item() == pytest.approx(expected / 6)


def test_marginals_are_sums_over_all_sequences(field):
    scores = torch.randn(2, T, C, dtype=torch.float64)
    real = torch.tensor([[True] * 4, [True, True, True, False]])
    found = field.marginals(scores, real)
    for row, length in ((0, 4), (1, 3)):
        every = list(itertools.product(range(C), repeat=length))
        p = torch.softmax(torch.stack([score(field, scores[row], y) for y in every]), 0)
        for t in range(length):
            for tag in range(C):
                expected = sum(q.item() for q, y in zip(p, every, strict=True) if y[t] == tag)
                assert found[row, t, tag].item() == pytest.approx(expected, abs=1e-9)


def test_an_empty_row_disturbs_no_other(field):
    scores = torch.randn(2, T, C, dtype=torch.float64)
    real = torch.tensor([[True] * 4, [False] * 4])
    alone = field.marginals(scores[:1], real[:1])
    assert torch.allclose(field.marginals(scores, real)[0], alone[0])
