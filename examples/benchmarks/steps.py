"""Rate of single training steps, of this version or, through PYTHONPATH, of another one.

Beside the rate by the clock it prints that by processor time, which other jobs on the machine
disturb less.

    python examples/benchmarks/steps.py classify TRAIN.tok --vocab VOCAB.tsv [--threads 1]
    PYTHONPATH=/tmp/before python examples/benchmarks/steps.py bilm … --precision fp32
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path

from rnntool.machine import short_spin

short_spin()

from rnntool import tasks  # noqa: E402
from rnntool.reporting import QuietReporter  # noqa: E402
from rnntool.runs import train as training  # noqa: E402
from rnntool.tasks.bilm.settings import BiLMSettings  # noqa: E402
from rnntool.tasks.classify.settings import ClassifySettings  # noqa: E402
from rnntool.training.loop import Outcome, Trainer  # noqa: E402

WARM, STEPS = 5, 40


class Measured(Exception):  # noqa: N818  (no error: the way out)
    """Raised instead of training."""


class MeasuringTrainer(Trainer):
    """Takes a few steps and says how long they took."""

    def run(self, resume: bool = False) -> Outcome:
        if hasattr(self, "gradient"):  # an older version has none
            self.gradient.begin_epoch()
        batches = list(self.task.epoch_batches(1))
        self.model.train()
        with QuietReporter().progress("", None, "") as progress:
            for batch in batches[:WARM]:
                self._step(batch, progress)
            before = self.position.totals["count"]
            clock, processor = time.perf_counter(), time.process_time()
            for batch in batches[WARM : WARM + STEPS]:
                self._step(batch, progress)
            clock, processor = time.perf_counter() - clock, time.process_time() - processor
        count = self.position.totals["count"] - before
        raise Measured(
            f"{count / clock:,.0f} a second, {count / processor:,.0f} a processor's second"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("classify", "bilm"))
    parser.add_argument("tokens")
    parser.add_argument("--vocab", help="of the whole corpus; without it the documents' own")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    training.Trainer = MeasuringTrainer  # type: ignore[misc]
    sizes = {"embedding_dim": 200, "vocab": arguments.vocab, "precision": arguments.precision,
             "threads": arguments.threads}  # fmt: skip
    settings = {
        "classify": lambda: ClassifySettings(bidirectional=True, hidden=192, **sizes),
        "bilm": lambda: BiLMSettings(hidden=256, samples=512, **sizes),
    }[arguments.job]()
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, 6402)), "utf-8")
        try:
            tasks.train(arguments.job, [str(part)], f"{folder}/run", settings, QuietReporter())
        except Measured as measured:
            print(measured)


if __name__ == "__main__":
    main()
