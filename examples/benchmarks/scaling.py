"""Cost against the size of the corpus: 10,000 to 600,000 reviews, each stage as a whole process.

The file is given again and again until there are enough rows. Seconds for 10,000 rows should not
grow with the corpus.

    python examples/benchmarks/scaling.py RATINGS_TRAIN.txt [--rows 10000,50000,150000,600000]
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--rows", default="10000,50000,150000,600000")
    arguments = parser.parse_args()
    with open(arguments.file, encoding="utf-8") as source:
        header, *lines = source.readlines()
    table: list[dict[str, object]] = []
    for rows in map(int, arguments.rows.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "part.txt"
            with part.open("w", encoding="utf-8") as sink:
                sink.write(header)
                sink.writelines(itertools.islice(itertools.cycle(lines), rows))
            tokens, vocabulary = f"{folder}/part.tok", f"{folder}/vocab.tsv"
            stages = {
                "tokenize": ["tokenize", "-t", "mecab", str(part), "-o", tokens],
                "build-vocab": ["build-vocab", tokens, "--min-count", "2", "-o", vocabulary],
                # A small model, so that the data's way to it is what is measured.
                "train, one epoch": ["train", "classify", tokens, "--vocab", vocabulary,
                                     "--hidden", "32", "--embedding-dim", "32", "--epochs", "1",
                                     "-o", f"{folder}/run"],
                "predict": ["predict", f"{folder}/run", tokens, "-o", f"{folder}/answers"],
            }  # fmt: skip
            row: dict[str, object] = {"rows": rows}
            for name, words in stages.items():
                command = [sys.executable, "-m", "rnntool", *words, "--force", "-q"]
                taken = seconds(lambda c=command: subprocess.run(c, check=True))
                row[f"{name}, s"] = taken
                row[f"{name}, s for 10,000"] = taken / rows * 10_000
            table.append(row)
    report("scaling", table)


if __name__ == "__main__":
    main()
