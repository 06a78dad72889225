"""A batch in parts gives the gradient of the whole batch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from rnntool import tasks
from rnntool.data.labelled import Labelled
from rnntool.data.sequences import pack_sequences
from rnntool.reporting import QuietReporter
from rnntool.runs import batches
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.classify.task import ClassifyTask, build_model
from rnntool.text.vocabulary import build_vocabulary
from rnntool.training.backend import choose_backend
from rnntool.training.gradient import BatchGradient
from rnntool.training.group import Group
from tests.commands.test_workflow import write_reviews

SETTINGS = ClassifySettings(
    hidden=5, embedding_dim=4, batch_size=8, dropout=0.0, embedding_dropout=0.0, word_dropout=0.0,
)  # fmt: skip


def gradients(monkeypatch, most: int) -> tuple[list[torch.Tensor], float, int]:
    monkeypatch.setattr(batches, "_TOKENS", most)
    draw = np.random.default_rng(1)
    rows = [draw.integers(4, 9, n) for n in (1, 2, 3, 40, 5, 1, 0, 7)]
    data = Labelled(pack_sequences(rows), np.array([0, 1, 0, 1, 1, 0, 0, 1]), 0)
    torch.manual_seed(1)
    vocabulary = build_vocabulary(Counter("가나다라마"), "char", 1, None)
    model = build_model(SETTINGS, vocabulary, 2)
    task = ClassifyTask(data, data, SETTINGS, 3)
    backend = choose_backend("cpu", "fp32", 1)
    result = BatchGradient(model, task, backend, Group()).put(np.arange(8))
    found = [p.grad for p in model.parameters() if p.grad is not None]
    return found, result.loss.item(), len(task.parts(np.arange(8)))


@pytest.mark.parametrize("most", [41, 60, 100])
def test_parts_add_up_to_the_whole(monkeypatch, most):
    whole, loss, one = gradients(monkeypatch, 10**6)
    found, in_parts, several = gradients(monkeypatch, most)
    assert one == 1
    assert several > 1
    assert in_parts == pytest.approx(loss, rel=1e-6)
    for own, other in zip(found, whole, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-8)


def test_a_very_long_text_is_computed_apart(tmp_path, monkeypatch):
    data = write_reviews(tmp_path / "train.txt", 40, 5)
    with data.open("a", encoding="utf-8") as file:
        file.write(f"99\t{'정말 ' * 3000}\t1\n")
    seen: list[tuple[int, int]] = []
    original = ClassifyTask.training_step

    def watched(self, model, batch, device):
        seen.append((len(batch), int(self.lengths[batch].max())))
        return original(self, model, batch, device)

    monkeypatch.setattr(ClassifyTask, "training_step", watched)
    monkeypatch.setattr(batches, "_TOKENS", 4000)
    settings = ClassifySettings(hidden=4, embedding_dim=4, epochs=1, validation="0")
    tasks.train("classify", [str(data)], str(tmp_path / "run"), settings, QuietReporter())
    assert (1, 3000) in seen
    assert all(rows * longest <= 4000 for rows, longest in seen)
