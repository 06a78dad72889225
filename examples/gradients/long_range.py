"""Accuracy over distance: the label is the first word, and noise follows.

A classifier that reads off the last state alone has to carry one bit over `distance` words. Each
cell is trained with the same settings; a row a distance, a column a cell.

    python long_range.py [--distances 5,10,20,40,80] [--plot long-range.png]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.tables import draw_table
from rnntool.tasks.classify.settings import ClassifySettings

CELLS = ("rnn", "lstm", "gru")
NOISE = [f"w{n}" for n in range(8)]


def write_examples(path: Path, count: int, distance: int, seed: int) -> None:
    """Rows `yes w3 w1 …<TAB>yes`, half of each label."""
    draw = random.Random(seed)
    rows = []
    for n in range(count):
        label = ("yes", "no")[n % 2]
        words = [label, *(draw.choice(NOISE) for _ in range(distance))]
        rows.append(f"{' '.join(words)}\t{label}\n")
    path.write_text("document\tlabel\n" + "".join(rows), encoding="utf-8")


def accuracy(cell: str, distance: int, epochs: int, folder: Path) -> float:
    """On 400 fresh examples, after training on 2,000."""
    train, test = folder / "train.tsv", folder / "test.tsv"
    write_examples(train, 2000, distance, seed=1)
    write_examples(test, 400, distance, seed=2)
    settings = ClassifySettings(
        cell=cell, hidden=32, embedding_dim=16, pooling="last", epochs=epochs, batch_size=64,
        dropout=0.0, embedding_dropout=0.0, word_dropout=0.0, label_smoothing=0.0, average=0.0,
        lr=0.003, patience=0,
    )  # fmt: skip
    run = str(folder / f"{cell}-{distance}")
    tasks.train("classify", [str(train)], run, settings, QuietReporter())
    figures = tasks.evaluate(run, str(test), EvaluateSettings(), QuietReporter())
    return float(figures.as_dict()["accuracy"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distances", default="5,10,20,40,80,160")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--plot")
    arguments = parser.parse_args()
    distances = [int(n) for n in arguments.distances.split(",")]
    table: dict[str, list[float]] = {cell: [] for cell in CELLS}
    with tempfile.TemporaryDirectory() as folder:
        for distance in distances:
            for cell in CELLS:
                table[cell].append(accuracy(cell, distance, arguments.epochs, Path(folder)))
    rows = [[n, *(table[cell][i] for cell in CELLS)] for i, n in enumerate(distances)]
    draw_table(sys.stdout, ["distance", *CELLS], rows)
    if arguments.plot:
        draw(distances, table, arguments.plot)
        Path(arguments.plot).with_suffix(".json").write_text(json.dumps(table) + "\n", "utf-8")


def draw(distances: list[int], table: dict[str, list[float]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for cell, values in table.items():
        axes.plot(distances, values, marker="o", label=cell)
    axes.set_xscale("log", base=2)
    axes.set_xticks(distances, [str(n) for n in distances])
    axes.set_xlabel("words between the label and the answer")
    axes.set_ylabel("accuracy (0.5: guessing)")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
