"""Training speed of this version against another checkout's: whole trainings, in turns.

The other one trains in fp32, this one as it chooses (`--precision`, to say otherwise). Rates are
those of the last epoch, by the runs' own metrics; the ratio is the median of the rounds'.

    git worktree add /tmp/before dedf8f2
    python examples/benchmarks/versions.py /tmp/before TRAIN.tok --vocab VOCAB.tsv
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report

HERE = Path(__file__).parents[2]
SIZES = ("--embedding-dim", "200", "--patience", "0", "--validation", "0.02", "-q", "--force")
JOBS = {
    "train classify, BiLSTM 192": ("classify", "--bidirectional", "--hidden", "192"),
    "train bilm, 2 × LSTM 256": ("bilm", "--hidden", "256", "--samples", "512"),
}


def rate(checkout: Path, job: tuple[str, ...], tokens: Path, *flags: str) -> tuple[float, float]:
    """Examples a second in the last epoch, and the loss there."""
    with tempfile.TemporaryDirectory() as folder:
        task, *settings = job
        command = [sys.executable, "-m", "rnntool", "train", task, str(tokens), "-o",
                   f"{folder}/run", *settings, *SIZES, *flags]  # fmt: skip
        subprocess.run(
            command, check=True, cwd=folder, env=os.environ | {"PYTHONPATH": str(checkout)}
        )
        last = Path(folder, "run", "metrics.jsonl").read_text("utf-8").splitlines()[-1]
    entry = json.loads(last)
    return float(entry["examples_per_second"]), float(entry["train_loss"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", help="root of the other checkout")
    parser.add_argument("tokens")
    parser.add_argument("--vocab", help="of the whole corpus; without it the documents' own")
    parser.add_argument("--documents", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", default="1")
    parser.add_argument("--precision", default="auto", help="of this version")
    arguments = parser.parse_args()
    flags = ["--epochs", arguments.epochs]
    if arguments.vocab:
        flags += ["--vocab", str(Path(arguments.vocab).resolve())]
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        for name, job in JOBS.items():
            rounds = []
            for _ in range(arguments.rounds):
                before = rate(Path(arguments.other).resolve(), job, part, *flags,
                              "--precision", "fp32")  # fmt: skip
                now = rate(HERE, job, part, *flags, "--precision", arguments.precision)
                rounds.append((*before, *now))
                print(f"{name}: {before[0]:,.0f} -> {now[0]:,.0f} a second", file=sys.stderr)
            was, loss_before, new, loss = (
                statistics.median(side) for side in zip(*rounds, strict=True)
            )
            rows.append({
                "job": name, "before, a second": was, "now, a second": new,
                "ratio": statistics.median(r[2] / r[0] for r in rounds),
                "loss before": loss_before, "loss now": loss,
            })  # fmt: skip
    report("versions", rows)


if __name__ == "__main__":
    main()
