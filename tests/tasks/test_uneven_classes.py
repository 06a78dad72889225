"""Classes of very different size: their weights, the figure that decides, the validation rows."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sklearn.metrics import f1_score
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from rnntool.formats.rundir import read_metrics
from rnntool.tasks.classify.objective import Batch, OneLabel, balanced_weights
from tests.commands.test_workflow import SMALL
from tests.conftest import Cli, one_line_error


def test_balanced_weights_are_scikit_learns():
    labels = np.random.default_rng(1).choice(4, 200, p=[0.7, 0.2, 0.08, 0.02])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    np.testing.assert_allclose(balanced_weights(labels, 4), expected)
    lacking = balanced_weights(np.array([0, 0, 2]), 3)
    assert lacking[[0, 2]].tolist() == [3 / 4, 3 / 2]


@pytest.mark.parametrize("outputs", [1, 4])
def test_a_rows_loss_is_weighed_and_parts_add_up(outputs):
    torch.manual_seed(2)
    classes = max(2, outputs)
    scores, labels = torch.randn(9, outputs), torch.randint(0, classes, (9,))
    weights = np.arange(1.0, classes + 1)
    objective = OneLabel(0.1, weights)

    def loss(rows: slice) -> float:
        batch = Batch(torch.zeros(0), torch.zeros(0), labels[rows])
        return float(objective.loss(scores[rows], batch))

    both = torch.cat([torch.zeros(9, 1), scores], dim=1) if outputs == 1 else scores
    each = functional.cross_entropy(both, labels, label_smoothing=0.1, reduction="none")
    expected = float((torch.from_numpy(weights)[labels] * each).mean())
    assert loss(slice(0, 9)) == pytest.approx(expected, rel=1e-5)
    parts = 4 * loss(slice(0, 4)) + 5 * loss(slice(4, 9))
    assert loss(slice(0, 9)) == pytest.approx(parts / 9, rel=1e-5)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """90 % everyday, 8 % parting, 2 % love, hard to tell apart."""
    draw = random.Random(3)
    lines = ["text\tlabel"]
    for _ in range(600):
        label = draw.choices(["everyday", "parting", "love"], [90, 8, 2])[0]
        words = draw.choices(["오늘", "어제", "우리", "나는", "왜"], k=4)
        words[draw.randrange(4)] = draw.choice([label, "everyday"])
        lines.append(f"{' '.join(words)}\t{label}")
    path = tmp_path_factory.mktemp("uneven") / "train.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_epoch_with_the_best_monitored_figure_is_kept(cli: Cli, data, tmp_path):
    for monitor, better in (("macro_f1", max), ("accuracy", max), ("loss", min)):
        run = tmp_path / monitor
        result = cli("train", "classify", data, "-o", run, "--monitor", monitor, "--epochs", 6,
                     "--patience", 0, "--validation", 0.3, *SMALL)  # fmt: skip
        assert result.code == 0, result.err
        results = yaml.safe_load((run / "config.yaml").read_text())["results"]
        history = [entry[f"validation_{monitor}"] for entry in read_metrics(run)]
        assert results["monitor"] == monitor
        assert results[f"validation_{monitor}"] == better(history)
        assert history.index(better(history)) <= results["best_epoch"] - 1


def test_macro_f1_in_training_is_scikit_learns(cli: Cli, data, tmp_path):
    run = tmp_path / "run"
    result = cli("train", "classify", data, "-o", run, "--epochs", 2, "--validation", data, *SMALL)
    assert result.code == 0, result.err
    kept = yaml.safe_load((run / "config.yaml").read_text())["results"]
    rows = [line.split("\t") for line in data.read_text().splitlines()[1:]]
    answers = cli("predict", run, data, "-q").out.splitlines()
    predicted = [answer.split("\t")[0] for answer in answers]
    expected = f1_score([label for _, label in rows], predicted, average="macro")
    assert kept["validation_macro_f1"] == pytest.approx(expected)


def test_weights_make_rare_classes_count(cli: Cli, data, tmp_path):
    recalls = {}
    for weight in ("none", "balanced"):
        run = tmp_path / weight
        result = cli("train", "classify", data, "-o", run, "--class-weight", weight, "--epochs", 1,
                     "--validation", 0, *SMALL)  # fmt: skip
        assert result.code == 0, result.err
        found = json.loads(cli("eval", run, data, "--json", "-q").out)
        recalls[weight] = {c["label"]: c["recall"] for c in found["classes"]}
    assert recalls["none"] == {"everyday": 1, "love": 0, "parting": 0}
    assert recalls["balanced"]["love"] + recalls["balanced"]["parting"] > 0.5


def test_uneven_classes_are_named_and_split_by_class(cli: Cli, data, tmp_path):
    loud = [word for word in SMALL if word != "-q"]
    said = cli("train", "classify", data, "-o", tmp_path / "a", "--epochs", 1, *loud).err
    assert re.search("classes are uneven: from [0-9]+ to 5[0-9]+ rows; --class-weight", said)
    said = cli("train", "classify", data, "-o", tmp_path / "b", "--epochs", 1, *loud,
               "--class-weight", "balanced").err  # fmt: skip
    assert "classes are uneven" not in said


def test_a_label_that_only_the_validation_data_have(cli: Cli, data, tmp_path):
    other = tmp_path / "held.tsv"
    other.write_text("text\tlabel\n오늘\teveryday\n우리\thate\n")
    result = cli("train", "classify", data, "-o", tmp_path / "run", "--validation", other, *SMALL)
    error = one_line_error(result)
    assert f"{other}:3: label 'hate' was not seen in training" in error
    assert "everyday, love, parting" in error


@pytest.mark.parametrize("label", ["a\tb", "a\u2028b"])
def test_a_label_that_is_no_word_is_refused(cli: Cli, tmp_path, label):
    path = tmp_path / "x.jsonl"
    rows = [{"text": "x", "label": label}, {"text": "y", "label": "c"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    error = one_line_error(cli("train", "classify", path, "-o", tmp_path / "run", *SMALL))
    assert "holds a tab or a line break" in error


def test_monitor_needs_validation_data(cli: Cli, data, tmp_path):
    result = cli("train", "classify", data, "-o", tmp_path / "run", "--monitor", "macro_f1",
                 "--validation", 0, *SMALL)  # fmt: skip
    assert "--monitor needs validation data" in one_line_error(result)
