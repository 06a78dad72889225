"""Token vectors that wait for a batch to read them end where AdamW on all of them ends."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnntool import tasks
from rnntool.models.inputs import EmbeddingInput
from rnntool.reporting import QuietReporter
from rnntool.runs import batches
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.training import idle_rows
from rnntool.training.average import WeightAverage
from rnntool.training.backend import choose_backend
from rnntool.training.idle_rows import IdleVectors
from rnntool.training.loop import Trainer
from rnntool.training.optim import Schedule, clip_gradient, make_optimizer
from rnntool.training.settings import TrainingSettings

V, D, STEPS = 300, 5, 400


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(idle_rows, "_LEAST", 100)


class Sides:
    """Twice the same model under the same gradients: by AdamW on all rows, and by `IdleVectors`."""

    def __init__(self, settings: TrainingSettings, scale: float = 0.01) -> None:
        torch.manual_seed(3)
        self.scale = scale  # of the gradient
        self.dense, self.idle = (EmbeddingInput(V, D).double() for _ in range(2))
        self.idle.load_state_dict(self.dense.state_dict())
        self.optimizers = [make_optimizer(settings, m) for m in (self.dense, self.idle)]
        self.schedules = [Schedule(settings, o, STEPS) for o in self.optimizers]
        decay = settings.average
        self.averages = [
            WeightAverage(m, decay) if decay else None for m in (self.dense, self.idle)
        ]
        self.vectors = IdleVectors(self.idle, self.optimizers[1], settings, self.averages[1])
        self.vectors.watch(choose_backend("cpu"))
        assert len(self.vectors.watched) == 1
        self.draw = np.random.default_rng(1)

    def step(self) -> None:
        # Frequent tokens and rare ones, many of which no batch reads for hundreds of steps.
        ids = torch.from_numpy(np.minimum(self.draw.zipf(1.3, (4, 7)), V) - 1)
        factors = torch.from_numpy(self.draw.normal(0, self.scale, (4, 7, D)))
        for number, model in enumerate((self.dense, self.idle)):
            self.optimizers[number].zero_grad()
            (model(ids) * factors).sum().backward()
            clip_gradient(model.parameters(), 0.05)
            if number:
                self.vectors.step()
            self.optimizers[number].step()
            self.schedules[number].after_step()
            average = self.averages[number]
            if average:
                average.update(model)

    def differences(self) -> list[float]:
        """The largest of a weight, and of an average."""
        pairs = [[m.embedding.weight for m in (self.dense, self.idle)]]
        if self.averages[0] and self.averages[1]:
            pairs.append([a.weights["embedding.weight"] for a in self.averages if a])
        return [float((a - b).detach().abs().max()) for a, b in pairs]


@pytest.mark.parametrize("schedule", ["one-cycle", "none"])
@pytest.mark.parametrize("average", [0.0, 0.998])
@pytest.mark.parametrize(
    ("optimizer", "weight_decay"), [("adamw", 0.3), ("adamw", 0.0), ("adam", 0.0)]
)
def test_rows_end_as_under_adamw_on_all_of_them(optimizer, weight_decay, average, schedule):
    """To 3 parts in 100,000 of a step: the learning rate is 0.01, the factors are float32."""
    sides = Sides(
        TrainingSettings(lr=0.01, optimizer=optimizer, weight_decay=weight_decay, average=average,
                         schedule=schedule)
    )  # fmt: skip
    for step in range(STEPS):
        sides.step()
        if step in (0, 150, STEPS - 1):
            assert step == 0 or max(sides.differences()) > 1e-4  # rows do wait
            sides.vectors.catch_up()
            assert max(sides.differences()) < 3e-7
    dense, idle = (o.state[m.embedding.weight] for o, m in
                   zip(sides.optimizers, (sides.dense, sides.idle), strict=True))  # fmt: skip
    for moment in ("exp_avg", "exp_avg_sq", "step"):
        torch.testing.assert_close(idle[moment], dense[moment], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1e-8])
def test_gradients_near_adamws_epsilon_move_rows_by_a_fifth_of_a_step_at_most(scale):
    sides = Sides(TrainingSettings(lr=0.01, schedule="none"), scale)
    for _ in range(STEPS):
        sides.step()
    sides.vectors.catch_up()
    assert max(sides.differences()) < 0.2 * 0.01


def test_a_model_that_answers_in_the_midst_reads_rows_that_are_up_to_date():
    sides = Sides(TrainingSettings(lr=0.01, average=0))
    for _ in range(50):
        sides.step()
    ids = torch.arange(V)
    with torch.inference_mode():
        own, dense = sides.idle.eval()(ids), sides.dense.eval()(ids)
    torch.testing.assert_close(own, dense, rtol=0, atol=1e-7)


def test_tables_that_are_full_are_begun_anew(monkeypatch):
    monkeypatch.setattr(idle_rows, "MOST", 16)
    sides = Sides(TrainingSettings(lr=0.01))
    for _ in range(50):
        sides.step()
    assert sides.vectors.watched[0].idle.count == 2
    sides.vectors.catch_up()
    assert max(sides.differences()) < 3e-7


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        (TrainingSettings(optimizer="sgd"), V),
        (TrainingSettings(optimizer="adam", weight_decay=0.1), V),
        (TrainingSettings(), 99),
    ],
)
def test_other_optimizers_and_small_matrices_are_left_as_they_are(settings, rows):
    model = EmbeddingInput(rows, D)
    vectors = IdleVectors(model, make_optimizer(settings, model), settings, None)
    vectors.watch(choose_backend("cpu"))
    assert vectors.watched == []
    assert not model.embedding.sparse


# --- whole trainings ----------------------------------------------------------------------
COMMON = {
    "embedding_dim": 6, "hidden": 5, "batch_size": 8, "epochs": 3, "patience": 0, "threads": 1,
    "lr": 0.01, "deterministic": True,
}  # fmt: skip
JOBS = {
    "classify": ClassifySettings(**COMMON, bidirectional=True),
    "bilm": BiLMSettings(**COMMON, samples=20, min_count=1),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Texts of a thousand words, some of them frequent, and labels."""
    folder = tmp_path_factory.mktemp("idle")
    draw = np.random.default_rng(4)
    words = [f"w{n}" for n in range(1000)]
    lines = [
        " ".join(words[n] for n in np.minimum(draw.zipf(1.3, draw.integers(1, 30)), 1000) - 1)
        for _ in range(300)
    ]
    (folder / "bilm").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{len(line) % 2}\n" for line in lines)
    (folder / "classify").write_text("document\tlabel\n" + rows, encoding="utf-8")
    return folder


def train(data, output, task, resume=False, **changed):
    settings = dataclasses.replace(JOBS[task], **changed)
    quiet = QuietReporter()
    tasks.train(task, [str(data / task)], str(output), settings, quiet, resume=resume)
    return load_file(output / "weights.safetensors")


def waiting(monkeypatch) -> list[int]:
    """How many matrices each training after this watches."""
    watched: list[int] = []
    original = IdleVectors.watch

    def noted(self, backend):
        original(self, backend)
        watched.append(len(self.watched))

    monkeypatch.setattr(IdleVectors, "watch", noted)
    return watched


@pytest.mark.parametrize(
    ("task", "changed"),
    [
        ("classify", {}),
        ("classify", {"average": 0.0, "schedule": "plateau", "unfreeze": 1, "layer_decay": 0.5}),
        ("classify", {"batch_size": 2, "clip_norm": 0.0, "weight_decay": 0.0}),
        ("bilm", {}),
        # Equal within 3e-5 for two epochs; then a rounding error lets another character be the
        # maximum, and the trainings part.
        ("bilm", {"input": "characters", "character_unit": "char", "epochs": 2}),
    ],
)
def test_trainings_end_with_the_weights_of_dense_ones(data, tmp_path, monkeypatch, task, changed):
    """Rounding errors grow over the steps: to a hundredth of one step, and nowhere to a whole."""
    watched = waiting(monkeypatch)
    idle = train(data, tmp_path / "idle", task, **changed)
    monkeypatch.setattr(IdleVectors, "watch", lambda *_: None)
    dense = train(data, tmp_path / "dense", task, **changed)
    assert watched == [1]
    near(idle, dense)


def near(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> None:
    assert some.keys() == others.keys()
    for name, tensor in others.items():
        difference = (some[name] - tensor).double()
        assert difference.square().mean().sqrt() < 0.01 * COMMON["lr"], name
        assert difference.abs().max() < COMMON["lr"], name


@pytest.mark.parametrize("task", JOBS)
def test_resuming_gives_the_same_weights_to_the_byte(data, tmp_path, monkeypatch, task):
    train(data, tmp_path / "whole", task)
    with monkeypatch.context() as patch:
        stop_at(patch, 50)
        with pytest.raises(MemoryError):
            train(data, tmp_path / "cut", task, checkpoint_steps=10)
    train(data, tmp_path / "cut", task, resume=True)
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in ("cut", "whole")]
    assert weights[0] == weights[1]


def test_a_checkpoint_is_caught_up_with_where_rows_do_not_wait(data, tmp_path, monkeypatch):
    """As on a GPU."""
    whole = train(data, tmp_path / "whole", "classify")
    with monkeypatch.context() as patch:
        stop_at(patch, 50)
        with pytest.raises(MemoryError):
            train(data, tmp_path / "cut", "classify", checkpoint_steps=10)
    monkeypatch.setattr(IdleVectors, "watch", lambda *_: None)
    near(train(data, tmp_path / "cut", "classify", resume=True), whole)


def stop_at(monkeypatch, step: int) -> None:
    """Die without a word in a training's step of that number."""
    steps = iter(range(10**6))
    original = Trainer._step

    def dies(self, batch, progress):
        if next(steps) == step:
            raise MemoryError
        original(self, batch, progress)

    monkeypatch.setattr(Trainer, "_step", dies)


def test_a_batch_in_parts_gives_the_sparse_gradient_of_the_whole(data, tmp_path, monkeypatch):
    still = {"dropout": 0.0, "word_dropout": 0.0, "embedding_dropout": 0.0}
    whole = train(data, tmp_path / "whole", "classify", **still)
    monkeypatch.setattr(batches, "_TOKENS", 40)
    parts = train(data, tmp_path / "parts", "classify", **still)
    near(parts, whole)
