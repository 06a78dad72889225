"""What the training loop costs: `train classify` and `train bilm` against their bare loops.

The bare loop has every batch in memory and does forward, backward and AdamW, nothing else (a second
one not even AdamW). Ours reads and pads each batch, clips, follows the schedule, averages the
weights, counts and watches for signals. Same model, same batches, in turns; the median of the
rounds' ratios stands.

    python examples/benchmarks/frame.py TRAIN.tok --vocab VOCAB.tsv [--documents 6400] [--rounds 5]
"""

from __future__ import annotations

import argparse
import copy
import itertools
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from common import report, seconds

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.runs import train as training
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.classify import task as classify
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.training.loop import Outcome, Trainer


class Measured(Exception):  # noqa: N818  (no error: the way out)
    """Raised instead of training: the seconds of each loop, round after round."""

    def __init__(self, rounds: list[dict[str, float]], examples: int) -> None:
        self.rounds, self.examples = rounds, examples


class MeasuringTrainer(Trainer):
    """Takes one epoch's steps in every way, round after round."""

    repeats = 5

    def run(self, resume: bool = False) -> Outcome:
        batches = list(self.task.epoch_batches(1))
        rounds = []
        with QuietReporter().progress("", None, "") as progress:
            for _ in range(self.repeats + 1):
                self.model.train()
                rounds.append({
                    "rnntool": finished(lambda: [self._step(batch, progress) for batch in batches]),
                    "with AdamW": self._bare(batches, torch.optim.AdamW),
                    "forward and backward": self._bare(batches, None),
                })  # fmt: skip
        raise Measured(rounds[1:], self.task.examples_per_epoch())  # the first one warmed up

    def _bare(self, batches: list[Any], optimizer_class: Any) -> float:
        self.idle.catch_up()
        model = copy.deepcopy(self.model)
        for embedding in (m for m in model.modules() if isinstance(m, torch.nn.Embedding)):
            embedding.sparse = False  # a plain loop's optimizer writes every row
            embedding._forward_pre_hooks.clear()
        optimizer = optimizer_class and optimizer_class(model.parameters(), lr=1e-3, fused=True)

        def step(batch: Any) -> None:
            model.zero_grad(set_to_none=True)
            with self.backend.autocast():
                loss = self.task.training_step(model, batch, self.backend.device).loss
            loss.backward()
            if optimizer:
                optimizer.step()

        read_again = in_memory(self.task, batches, self.backend.device)
        taken = finished(lambda: [step(batch) for batch in batches])
        read_again()
        return taken


def finished(loop: Callable[[], object]) -> float:
    """Seconds until a GPU, if there is one, has done the loop's work, too."""

    def whole() -> None:
        loop()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return seconds(whole)


def in_memory(task: Any, batches: list[Any], device: torch.device) -> Any:
    """Let the task find its batches ready; call what is returned to have it read them again."""
    if hasattr(task, "chunks"):
        read = task.chunks.read
        ready = {id(batch): read(batch) for batch in batches}
        task.chunks.read = lambda place: ready[id(place)]
        return lambda: setattr(task.chunks, "read", read)
    make = classify.make_batch
    made = {id(rows): make(task.train, rows, device) for rows in batches}
    classify.make_batch = lambda data, rows, device: made[id(rows)]
    return lambda: setattr(classify, "make_batch", make)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=6400)
    parser.add_argument("--vocab", help="of the whole corpus; without it the documents' own")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    MeasuringTrainer.repeats = arguments.rounds
    training.Trainer = MeasuringTrainer  # type: ignore[misc]
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        sizes: dict[str, Any] = {
            "embedding_dim": 200, "vocab": arguments.vocab,
            "epochs": arguments.rounds + 1,  # the schedule goes no further
        }  # fmt: skip
        classifier = ClassifySettings(bidirectional=True, hidden=192, **sizes)
        language_models = BiLMSettings(hidden=256, samples=512, **sizes)
        quiet = QuietReporter()
        jobs = {
            "train classify, BiLSTM 192": lambda: tasks.train(
                "classify", [str(part)], f"{folder}/classify", classifier, quiet
            ),
            "train bilm, 2 × LSTM 256": lambda: tasks.train(
                "bilm", [str(part)], f"{folder}/bilm", language_models, quiet
            ),
        }
        for name, job in jobs.items():
            try:
                job()
            except Measured as measured:
                row: dict[str, object] = {"job": name}
                for loop in ("forward and backward", "with AdamW", "rnntool"):
                    taken = statistics.median(round[loop] for round in measured.rounds)
                    row[f"{loop}, a second"] = measured.examples / taken
                for loop in ("forward and backward", "with AdamW"):
                    row[f"rnntool / {loop}"] = statistics.median(
                        round[loop] / round["rnntool"] for round in measured.rounds
                    )
                rows.append(row)
    report("frame", rows)


if __name__ == "__main__":
    main()
