"""Reviews a second of each encoder's training, in turns: python speed.py PART.tok VOCAB.tsv VECTORS

Three rounds over all of them, so that a slow moment of the machine hits all; medians.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

KINDS = {
    "rnn": ["--cell", "rnn"],
    "lstm": ["--cell", "lstm"],
    "gru": ["--cell", "gru"],
    "cnn": ["--encoder", "cnn", "--conv-widths", "2,3", "--conv-filters", "64",
            "--pooling", "max"],
    "cnn-rnn": ["--encoder", "cnn-rnn", "--cell", "gru", "--conv-widths", "3",
                "--conv-filters", "128"],
}  # fmt: skip


def speed(flags: list[str], run: Path) -> float:
    part, vocab, vectors = sys.argv[1:]
    command = [sys.executable, "-m", "rnntool", "train", "classify", part, "--vocab", vocab,
               "--vectors", vectors, "--epochs", "1", "--force", "-q", "-o", str(run)]  # fmt: skip
    subprocess.run([*command, *flags], check=True)
    epoch = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])
    return float(epoch["examples_per_second"])


def main() -> None:
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            for kind, flags in KINDS.items():
                found[kind].append(speed(flags, Path(folder) / "run"))
    base = median(found["gru"])
    print("| encoder | reviews/s | times the GRU's |")
    print("| --- | --- | --- |")
    for kind, values in found.items():
        print(f"| {kind} | {median(values):,.0f} | {median(values) / base:.2f} |")


if __name__ == "__main__":
    main()
