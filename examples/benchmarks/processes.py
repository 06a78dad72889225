"""Two processes under torchrun against one, with the same number of threads in all.

python examples/benchmarks/processes.py TRAIN.tok [--documents 12000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report

FLAGS = ("--bidirectional", "--hidden", "192", "--epochs", "2", "--patience", "0",
         "--batch-size", "256")  # fmt: skip


def reviews_per_second(tokens: Path, processes: int, folder: str) -> float:
    """Of the second epoch; the first one warms up."""
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(start if processes > 1 else []), "-m", "rnntool", "train",
               "classify", str(tokens), "-o", f"{folder}/run", "--force", "-q", *FLAGS,
               "--threads", str(2 // processes)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    last = Path(folder, "run", "metrics.jsonl").read_text("utf-8").splitlines()[-1]
    return float(json.loads(last)["examples_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        for _ in range(arguments.rounds):
            pairs.append(tuple(reviews_per_second(part, n, folder) for n in (1, 2)))
    one, two = (statistics.median(side) for side in zip(*pairs, strict=True))
    report("processes", [{
        "one process, 2 threads, reviews/s": one, "two processes, 1 thread each, reviews/s": two,
        "ratio": statistics.median(b / a for a, b in pairs),
    }])  # fmt: skip


if __name__ == "__main__":
    main()
