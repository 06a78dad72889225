"""Two processes under torchrun against one, with the same number of threads in all.

With `--other` the two processes of another checkout take their turns as well.

    python examples/benchmarks/processes.py TRAIN.tok [--documents 12000] [--rounds 3]
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

FLAGS = ("--bidirectional", "--hidden", "192", "--epochs", "2", "--patience", "0",
         "--batch-size", "256")  # fmt: skip
HERE = Path(__file__).parents[2]


def reviews_per_second(
    tokens: Path, processes: int, folder: str, vocab: list[str], checkout: Path = HERE
) -> float:
    """Of the second epoch; the first one warms up."""
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(start if processes > 1 else []), "-m", "rnntool", "train",
               "classify", str(tokens), "-o", f"{folder}/run", "--force", "-q", *FLAGS, *vocab,
               "--threads", str(2 // processes)]  # fmt: skip
    own = os.environ | {"PYTHONPATH": str(checkout)}
    subprocess.run(command, check=True, capture_output=True, env=own, cwd=folder)
    last = Path(folder, "run", "metrics.jsonl").read_text("utf-8").splitlines()[-1]
    return float(json.loads(last)["examples_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vocab", help="of the whole corpus; without it the documents' own")
    parser.add_argument("--other", help="root of another checkout")
    arguments = parser.parse_args()
    vocab = ["--vocab", str(Path(arguments.vocab).resolve())] if arguments.vocab else []
    other = Path(arguments.other).resolve() if arguments.other else None
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        for _ in range(arguments.rounds):
            rates = [reviews_per_second(part, n, folder, vocab) for n in (1, 2)]
            if other:
                rates.append(reviews_per_second(part, 2, folder, vocab, other))
            rounds.append(rates)
    one, two, *old = (statistics.median(side) for side in zip(*rounds, strict=True))
    row = {
        "one process, 2 threads, reviews/s": one, "two processes, 1 thread each, reviews/s": two,
        "ratio": statistics.median(rates[1] / rates[0] for rates in rounds),
    }  # fmt: skip
    if old:
        row["two processes of the other checkout, reviews/s"] = old[0]
        row["two processes here / there"] = statistics.median(r[1] / r[2] for r in rounds)
    report("processes", [row])


if __name__ == "__main__":
    main()
