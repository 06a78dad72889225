"""Several labels per text, through the whole chain: files, training, figures, answers."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score

from rnntool.data.labelled import rarest_labels
from rnntool.runs.multi_label import multi_label_figures, multi_label_report
from rnntool.tasks.classify.objective import Batch, SeveralLabels, balanced_presence
from tests.commands.test_predict_stream import imports_of
from tests.commands.test_workflow import SMALL
from tests.conftest import Cli, one_line_error

WORDS = {"action": ["폭발", "추격"], "romance": ["사랑", "키스"], "comedy": ["웃음", "개그"]}
SHARES = {"action": 0.5, "romance": 0.3, "comedy": 0.2}
NEUTRAL = ["영화", "정말", "배우", "보고", "나서"]


def texts(count: int, seed: int) -> list[tuple[list[str], str]]:
    draw = random.Random(seed)
    found = []
    for n in range(count):
        labels = ["action"] if n == 0 else [x for x in WORDS if draw.random() < SHARES[x]]
        words = draw.choices(NEUTRAL, k=draw.randint(0, 6))
        for label in labels:
            words.insert(draw.randint(0, len(words)), draw.choice(WORDS[label]))
        found.append((labels, " ".join(words)))
    return found


def as_fasttext(rows) -> str:
    return "".join(" ".join([*(f"__label__{x}" for x in own), text]) + "\n" for own, text in rows)


def as_json(rows) -> str:
    return "".join(json.dumps({"text": text, "labels": own}) + "\n" for own, text in rows)


def as_table(rows) -> str:
    return "label\ttext\n" + "".join(f"{'|'.join(own)}\t{text}\n" for own, text in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    for name, count, seed in (("train", 400, 1), ("test", 150, 2)):
        rows = texts(count, seed)
        (folder / f"{name}.txt").write_text(as_fasttext(rows), encoding="utf-8")
        (folder / f"{name}.jsonl").write_text(as_json(rows), encoding="utf-8")
        (folder / f"{name}.tsv").write_text(as_table(rows), encoding="utf-8")
    return folder


OPTIONS = ["--multi-label", "--epochs", "5", *SMALL]


@pytest.fixture(scope="module")
def run(data) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    words = ["train", "classify", str(data / "train.txt"), "-o", str(data / "run"), *OPTIONS]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return data / "run"


def test_it_learns_each_label(cli: Cli, run, data, tmp_path):
    wrong = tmp_path / "wrong.tsv"
    found = json.loads(cli("eval", run, data / "test.txt", "--json", "--errors", wrong, "-q").out)
    assert found["micro_f1"] > 0.9
    assert found["macro_f1"] > 0.8
    assert [c["label"] for c in found["classes"]] == ["action", "comedy", "romance"]
    wrong_rows = wrong.read_text().splitlines()
    assert wrong_rows[0] == "line\tlabels\tpredicted\tprobabilities\tdocument"
    assert len(wrong_rows) - 1 == round((1 - found["accuracy"]) * 150)
    table = cli("eval", run, data / "test.txt", "-q").out
    assert "micro_f1" in table.splitlines()[0]
    results = yaml.safe_load((run / "config.yaml").read_text())["results"]
    assert results["monitor"] == "micro_f1"


@pytest.mark.parametrize(("name", "options"), [("jsonl", ()), ("tsv", ("--label-separator", "|"))])
def test_every_form_trains_the_same(cli: Cli, run, data, tmp_path, name, options):
    own = tmp_path / "run"
    result = cli("train", "classify", data / f"train.{name}", "-o", own, *OPTIONS, *options)
    assert result.code == 0, result.err
    assert (own / "weights.safetensors").read_bytes() == (run / "weights.safetensors").read_bytes()
    ours = cli("eval", own, data / f"test.{name}", "--json", "-q").out
    assert ours == cli("eval", run, data / "test.txt", "--json", "-q").out


def test_numpy_answers_as_torch_does_and_without_it(cli: Cli, run):
    lines = "사랑 폭발 영화\n\n웃음\n"
    asked = ("predict", run, "-q", "--all")
    numpys = [line.split("\t") for line in cli(*asked, input=lines).out.splitlines()]
    by_torch = cli(*asked, "--ensemble", run, input=lines).out
    torchs = [line.split("\t") for line in by_torch.splitlines()]
    assert numpys[0] == torchs[0] == ["labels", "action", "comedy", "romance"]
    assert set(numpys[1][0].split(",")) == {"action", "romance"}
    for ours, theirs in zip(numpys[1:], torchs[1:], strict=True):
        assert ours[0] == theirs[0]
        np.testing.assert_allclose(
            [float(p) for p in ours[1:]], [float(p) for p in theirs[1:]], atol=2e-6
        )
    assert "torch" not in imports_of(run, lines)


def test_answers_by_threshold_and_as_json(cli: Cli, run):
    asked = ("predict", run, "-q", "--json")
    (one, none) = (json.loads(x) for x in cli(*asked, input="사랑 폭발\n영화\n").out.splitlines())
    assert set(one["labels"]) == {"action", "romance"}
    assert list(one["probabilities"]) == one["labels"]
    assert none == {"labels": [], "probabilities": {}}
    (all_of_it,) = (json.loads(x) for x in cli(*asked, "--all", input="영화\n").out.splitlines())
    assert list(all_of_it["probabilities"]) == ["action", "comedy", "romance"]
    p = all_of_it["probabilities"]
    row = cli("predict", run, "-q", "--otherwise", "none", input="영화\n").out.split()
    assert row == ["none", f"{max(p.values()):.6f}"]
    row = cli("predict", run, "-q", "--threshold", 0, input="영화\n").out.split("\t")
    assert row[0].split(",") == sorted(p, key=lambda label: -p[label])
    low = json.loads(
        cli("eval", run, run.parent / "test.txt", "--threshold", 0, "--json", "-q").out
    )
    assert low["micro_recall"] == 1


def test_an_interrupted_training_goes_on_to_the_same_weights(run, data, tmp_path):
    command = [sys.executable, "-m", "rnntool", "train", "classify", str(data / "train.txt"),
               "-o", str(tmp_path / "run"), *OPTIONS, "--checkpoint-steps", "7"]  # fmt: skip
    killer = (
        "import sys, rnntool.training.loop as loop\n"
        "old = loop.Trainer._save\n"
        "def save(self):\n"
        "    old(self)\n"
        "    if self.position.epoch == 2: sys.exit(9)\n"
        "loop.Trainer._save = save\n"
        "from rnntool.commands import main\n"
        f"sys.argv = {command[2:]!r}\n"
        "main()\n"
    )
    assert subprocess.run([sys.executable, "-c", killer], check=False).returncode == 9
    assert (tmp_path / "run.partial" / "checkpoint").is_dir()
    subprocess.run([*command, "--resume"], check=True)
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == (
        run / "weights.safetensors"
    ).read_bytes()


def test_two_runs_compare(cli: Cli, run, data, tmp_path):
    other = tmp_path / "other"
    weak = [word if word != "5" else "1" for word in OPTIONS]
    assert cli("train", "classify", data / "train.txt", "-o", other, *weak).code == 0
    result = cli("compare", other, run, data / "test.txt", "--json", "-q")
    found = json.loads(result.out)
    by_name = {figure["figure"]: figure for figure in found["figures"]}
    for own, place in ((other, "a"), (run, "b")):
        report = json.loads(cli("eval", own, data / "test.txt", "--json", "-q").out)
        assert by_name["micro F1"][place] == pytest.approx(report["micro_f1"])
        assert by_name["accuracy"][place] == pytest.approx(report["accuracy"])
        assert by_name["loss"][place] == pytest.approx(report["loss"])


def change(run: Path, place: Path, **settings: object) -> Path:
    own = Path(shutil.copytree(run, place))
    config = yaml.safe_load((own / "config.yaml").read_text("utf-8"))
    config["settings"] |= settings
    (own / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    return own


@pytest.mark.parametrize("value", ["yes", 1, None, [True]])
def test_a_strangers_run_that_is_unclear_is_refused(cli: Cli, run, data, tmp_path, value):
    own = change(run, tmp_path / "run", multi_label=value)
    for result in (
        cli("predict", own, "-q", input="영화\n"),
        cli("eval", own, data / "test.txt", "-q"),
    ):
        assert f"damaged: multi_label is {value!r}" in one_line_error(result)


def test_more_labels_than_the_weights_have_are_refused(cli: Cli, run, data, tmp_path):
    own = Path(shutil.copytree(run, tmp_path / "run"))
    (own / "labels.txt").write_text("a\nb\nc\nd\n")
    for flags in ((), ("--ensemble", own)):
        result = cli("predict", own, "-q", *flags, input="영화\n")
        assert "do not fit the model" in one_line_error(result)


def test_what_looks_at_one_label_says_so(cli: Cli, run, data, tmp_path):
    one = change(run, tmp_path / "one", multi_label=False)
    for words, says in (
        (("trace", run, "--text", "영화"), "gives several labels per text"),
        (("inspect-grad", run, "--text", "영화"), "gives several labels per text"),
        (
            ("plot", run, "--confusion", data / "test.txt", "-o", tmp_path / "x.png"),
            "gives several",
        ),
        (("predict", run, "--top", 2), "--top writes one label a column"),
        (("predict", run, "--ensemble", one), "labels per text 'one'"),
        (("compare", run, one, data / "test.txt"), "only one of the runs has several labels"),
        (("eval", one, data / "test.txt", "--threshold", 0.2), "--threshold is for runs of"),
    ):
        assert says in one_line_error(cli(*words, "-q", input="영화\n"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "x.txt:1: has 2 labels (action, comedy); give --multi-label"),
        (("--multi-label", "--output-unit", "sigmoid"), "--multi-label and --output-unit sigmoid"),
        (("--multi-label", "--distil", "x"), "--multi-label and --distil exclude each other"),
        (("--multi-label", "--label-separator", ""), "--label-separator is empty"),
        (("--monitor", "micro_f1"), "--monitor micro_f1 needs --multi-label"),
        (("--multi-label", "--validation", "y.txt"), "y.txt:1: label 'horror' was not seen"),
    ],
)
def test_training_says_what_does_not_fit(cli: Cli, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    Path("x.txt").write_text("__label__action __label__comedy 하나\n__label__action 둘\n셋\n")
    Path("y.txt").write_text("__label__horror 하나\n")
    result = cli("train", "classify", "x.txt", "-o", "run", *options, *SMALL)
    assert says in one_line_error(result)
    assert not Path("run").exists()


@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (50, 9)])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_figures_are_scikit_learns(shape, threshold):
    generator = np.random.default_rng(sum(shape))
    probabilities, truth = generator.random(shape), generator.random(shape) < 0.4
    found = multi_label_report(probabilities, truth, [""] * shape[1], threshold)
    given = probabilities >= threshold
    occurs = np.flatnonzero(truth.any(axis=0) | given.any(axis=0))
    options = {"zero_division": 0}
    for kind, name in ((f1_score, "f1"), (precision_score, "precision"), (recall_score, "recall")):
        expected = kind(truth, given, average="micro", **options)
        assert getattr(found, f"micro_{name}") == pytest.approx(expected)
        each = kind(truth, given, average=None, **options)
        assert [getattr(c, name) for c in found.classes] == pytest.approx(each.tolist())
    macro = f1_score(truth, given, average="macro", labels=occurs, **options) if len(occurs) else 0
    assert found.macro_f1 == pytest.approx(macro)
    assert found.accuracy == pytest.approx(accuracy_score(truth, given))
    pairs = zip(truth.T, probabilities.T, strict=True)
    losses = [log_loss(own, p, labels=[False, True]) for own, p in pairs]
    assert found.loss == pytest.approx(np.mean(losses))
    assert set(multi_label_figures(probabilities, truth)) == {
        "loss", "accuracy", "micro_f1", "macro_f1"
    }  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_binary_cross_entropy_of_each_label(weighted):
    torch.manual_seed(3)
    scores, targets = torch.randn(5, 3), (torch.rand(5, 3) < 0.4).float()
    weights = np.array([1.0, 2.5, 7.0]) if weighted else None
    objective = SeveralLabels(0.1, weights)
    batch = Batch(torch.zeros(5, 1), torch.ones(5), torch.zeros(5), targets)
    p, t = torch.sigmoid(scores.double()), targets.double() * 0.9 + 0.05
    own = torch.ones(3) if weights is None else torch.from_numpy(weights)
    expected = -(own * t * p.log() + (1 - t) * (1 - p).log()).mean()
    assert objective.loss(scores, batch).item() == pytest.approx(expected.item(), rel=1e-6)
    right = ((p > 0.5) == (targets > 0.5)).all(dim=1).sum().item()
    assert objective.correct(scores, batch) == right


def test_balanced_weights_give_presence_the_weight_of_absence():
    targets = np.array([[1, 0], [0, 0], [0, 0], [1, 1]], dtype=np.float32)
    weights = balanced_presence(targets)
    assert weights.tolist() == [1.0, 3.0]
    counts = targets.sum(axis=0)
    assert (counts * weights).tolist() == (len(targets) - counts).tolist()


def test_the_rarest_label_of_a_text():
    matrix = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [1, 1, 0]], dtype=np.float32)
    assert rarest_labels(matrix).tolist() in ([1, 0, 3, 1, 1], [0, 0, 3, 1, 0])
    matrix = np.array([[1, 1], [1, 0], [0, 0]], dtype=np.float32)
    assert rarest_labels(matrix).tolist() == [1, 0, 2]
