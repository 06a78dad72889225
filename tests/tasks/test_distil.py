"""Teachers: what a student learns from their probabilities, with labels and without."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from rnntool.reporting import QuietReporter
from rnntool.tasks.classify import distil
from rnntool.tasks.classify.distil import smoothed
from rnntool.tasks.classify.objective import classification_losses, soft_losses
from tests.commands.test_workflow import SMALL, corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_the_loss_on_smoothed_targets_is_the_loss_on_labels(outputs, smoothing):
    torch.manual_seed(1)
    classes = max(2, outputs)
    scores, labels = torch.randn(7, outputs), torch.randint(0, classes, (7,))
    targets = torch.from_numpy(smoothed(labels.numpy(), classes, smoothing))
    assert np.allclose(targets.sum(dim=1), 1)
    expected = classification_losses(scores, labels, smoothing)
    torch.testing.assert_close(soft_losses(scores, targets), expected)


class Counting:
    """A teacher whose probabilities tell the text's number; it records how many texts it gets."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def probabilities(self, texts):
        numbers = [int(text) for text in texts]
        self.asked.append(len(numbers))
        return np.array(numbers, dtype=np.float64).reshape(-1, 1)


@pytest.mark.parametrize(("texts", "asked"), [(7, [3, 3, 1]), (6, [3, 3]), (2, [2]), (0, [0])])
def test_teachers_get_some_texts_at_a_time_and_answer_all_in_order(monkeypatch, texts, asked):
    monkeypatch.setattr(distil, "_ASKED", 3)
    teacher = Counting()
    found = distil._ask(teacher, [[str(n)] for n in range(texts)], "labelled", QuietReporter())
    assert found[:, 0].tolist() == list(range(texts))
    assert (found.dtype, teacher.asked) == (np.float32, asked)


def few_rows(source: Path, path: Path, rows: int, *, lie: bool = False) -> Path:
    """The first rows of labelled tokens; with `lie`, every label is random."""
    head, columns, *lines = source.read_text("utf-8").splitlines()
    draw = random.Random(1)
    chosen = [line.split("\t") for line in lines[:rows]]
    if lie:
        chosen = [[*fields[:-1], draw.choice("01")] for fields in chosen]
    text = "\n".join([head, columns, *("\t".join(fields) for fields in chosen)])
    path.write_text(text + "\n", "utf-8")
    return path


def accuracy(cli: Cli, run: Path, data: Path) -> float:
    return float(json.loads(cli("eval", run, data, "--json", "-q").out)["accuracy"])


def test_a_student_learns_from_texts_that_have_no_label(cli: Cli, trained, corpus, tmp_path):
    few = few_rows(trained / "train.tok", tmp_path / "few.tok", 16)
    unlabelled = tmp_path / "unlabelled.tok"
    rows = (trained / "train.tok").read_text("utf-8").splitlines()[2:]
    texts = [line.split("\t")[1] for line in rows]
    unlabelled.write_text("#rnntool tokens v1 tokenizer=whitespace\n" + "\n".join(texts) + "\n")
    same = ("--vocab", trained / "vocab.tsv", "--epochs", 6, "--validation", trained / "train.tok")
    assert cli("train", "classify", few, "-o", tmp_path / "alone", *same, *SMALL).code == 0
    result = cli("train", "classify", few, "-o", tmp_path / "taught", *same, *SMALL,
                 "--distil", trained / "run", "--unlabelled", unlabelled)  # fmt: skip
    assert result.code == 0, result.err
    taught = accuracy(cli, tmp_path / "taught", corpus[1])
    assert taught >= 0.95
    assert taught > accuracy(cli, tmp_path / "alone", corpus[1]) + 0.1
    inputs = (tmp_path / "taught" / "config.yaml").read_text("utf-8")
    assert "unlabelled:" in inputs
    assert "distil 1:" in inputs


def test_with_all_the_weight_on_the_teachers_labels_do_not_matter(
    cli: Cli, trained, corpus, tmp_path
):
    lies = few_rows(trained / "train.tok", tmp_path / "lies.tok", 300, lie=True)
    same = ("--vocab", trained / "vocab.tsv", "--epochs", 4, "--validation", trained / "train.tok")
    teachers = ("--distil", trained / "run", "--distil", trained / "run", "--distil-weight", 1)
    result = cli("train", "classify", lies, "-o", tmp_path / "run", *same, *teachers, *SMALL)
    assert result.code == 0, result.err
    assert accuracy(cli, tmp_path / "run", corpus[1]) >= 0.95


def test_what_does_not_fit_a_teacher_is_refused(cli: Cli, trained, tmp_path):
    output = ("-o", tmp_path / "run", *SMALL)
    teacher = ("--distil", trained / "run")
    tokens = trained / "train.tok"
    error = one_line_error(cli("train", "classify", tokens, *output, "--unlabelled", tokens))
    assert "--unlabelled needs a teacher" in error
    other = tmp_path / "other.tok"
    other.write_text(tokens.read_text("utf-8").replace("=whitespace", "=char", 1), "utf-8")
    error = one_line_error(cli("train", "classify", other, *output, *teacher))
    assert "the teacher was trained on tokens of 'whitespace'" in error
    error = one_line_error(cli("train", "classify", tokens, *output, *teacher,
                               "--unlabelled", other))  # fmt: skip
    assert "other.tok" in error
    third = tmp_path / "third.tok"
    third.write_text(tokens.read_text("utf-8") + "999\t좋다\t2\n", "utf-8")
    error = one_line_error(cli("train", "classify", third, *output, *teacher))
    assert "has the labels 0, 1, but the training data has 0, 1, 2" in error
    assert not (tmp_path / "run").exists()
