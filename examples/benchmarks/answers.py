"""Answers: `predict` on a whole file against a plain loop, and line by line in a pipe.

The plain loop is what a user writes over the same model: split each review with mecab, number it,
and run batches of 64 in the file's order, padded to the longest. Its start-up does not count;
rnntool's whole process does, from start to exit.

    python examples/benchmarks/answers.py RUN RATINGS_TEST.txt [--rows 50000]

RUN is a classifier over mecab tokens.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from common import report, seconds
from mecab import MeCab

from rnntool.models.classifier import class_probabilities
from rnntool.tasks.classify.load import TrainedClassifier, load_classifier

BATCH = 64


def plain_loop(classifier: TrainedClassifier, texts: list[str]) -> list[int]:
    torch.backends.mkldnn.enabled = True  # torch's default
    split, found = MeCab().morphs, []
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            tokens = [split(text) if text.strip() else [] for text in texts[start : start + BATCH]]
            numbered = [classifier.run.vocabulary.encode(own) for own in tokens]
            lengths = torch.tensor([len(own) for own in numbered])
            ids = torch.zeros(len(numbered), max(1, int(lengths.max())), dtype=torch.long)
            for row, own in enumerate(numbered):
                ids[row, : len(own)] = torch.tensor(own, dtype=torch.long)
            found += class_probabilities(classifier.model(ids, lengths)).argmax(dim=1).tolist()
    return found


def one_by_one(run: str, lines: list[str]) -> list[float]:
    """Seconds from writing a line to its answer, in a process that stays."""
    command = [sys.executable, "-m", "rnntool", "predict", run, "-q", "--line-buffered"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    times = []
    for line in lines:
        started = time.perf_counter()
        process.stdin.write(line + "\n")
        process.stdin.flush()
        process.stdout.readline()
        times.append(time.perf_counter() - started)
    process.stdin.close()
    process.wait()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--plain-rows", type=int, default=5_000, help="for the plain loop")
    arguments = parser.parse_args()
    with open(arguments.file, encoding="utf-8") as source:
        lines = list(itertools.islice(source, arguments.rows + 1))
    texts = [line.split("\t")[1] for line in lines[1:]]
    with tempfile.TemporaryDirectory() as folder:
        part, answers = Path(folder) / "part.txt", Path(folder) / "answers.tsv"

        def predict() -> None:
            command = [sys.executable, "-m", "rnntool", "predict", arguments.run, str(part), "-q",
                       "--force", "-o", str(answers)]  # fmt: skip
            subprocess.run(command, check=True)

        part.write_text("".join(lines[:1000]), "utf-8")
        predict()  # writes Python's bytecode, where this is not done yet
        part.write_text("".join(lines), "utf-8")
        ours = len(texts) / seconds(predict)
        labels = [line.split("\t")[0] for line in answers.read_text("utf-8").splitlines()]
    classifier = load_classifier(arguments.run)
    plain_loop(classifier, texts[:BATCH])  # kernels warm up
    some, found = texts[: arguments.plain_rows], []
    plain = len(some) / seconds(lambda: found.extend(plain_loop(classifier, some)))
    same = sum(classifier.labels[n] == own for n, own in zip(found, labels, strict=False))
    warm = sorted(one_by_one(arguments.run, texts[:2050])[50:])
    report(
        "answers",
        [{"run": Path(arguments.run).name, "rows": len(texts),
          "plain loop, rows/s": plain, "rnntool, rows/s": ours, "ratio": ours / plain,
          "same labels": f"{same} of {len(some)}",
          "a line, ms": 1000 * statistics.median(warm), "99 of 100 within, ms": 1000 * warm[1980],
          "slowest of 2,000, ms": 1000 * warm[-1]}],
    )  # fmt: skip


if __name__ == "__main__":
    main()
