"""Accuracy over the distance between subject and verb, cell by cell, and its picture.

Reads what `rnntool predict --keep` wrote of the test sentences: work/CELL-LOW_HIGH-SEED.tsv, where
LOW to HIGH words stood between in training. Of several seeds the mean is shown, and the lowest and
highest in the picture.

    python accuracy.py work/*-0_10-*.tsv work/*-30_40-*.tsv --plot agreement.png
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from rnntool.tables import draw_table

CELLS = ("rnn", "lstm", "gru")
COLOURS = {"rnn": "#D55E00", "lstm": "#0072B2", "gru": "#009E73"}  # Okabe and Ito 2008
STYLES = {"rnn": "-", "lstm": "--", "gru": "-."}

Answers = dict[tuple[int, str], list[bool]]  # right or not, by distance and the nearest noun


def read(path: Path) -> Answers:
    found: Answers = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            found[int(row["distance"]), row["nearest"]].append(row["label"] == row["predicted"])
    return found


def accuracy(found: Answers, distances: list[int], nearest: str = "") -> float:
    kinds = (nearest,) if nearest else ("none", "same", "other")
    right = [a for d in distances for kind in kinds for a in found.get((d, kind), [])]
    return sum(right) / len(right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--plot")
    given = parser.parse_args()
    runs: dict[tuple[int, int], dict[str, list[Answers]]] = defaultdict(lambda: defaultdict(list))
    for path in given.files:
        cell, words, _ = path.stem.split("-")
        low, high = map(int, words.split("_"))
        runs[low, high][cell].append(read(path))
    for (low, high), by_cell in sorted(runs.items()):
        print(f"trained with {low} to {high} words between")
        print_table(by_cell)
    if given.plot:
        draw(runs, given.plot)


def print_table(by_cell: dict[str, list[Answers]]) -> None:
    distances = sorted({distance for distance, _ in by_cell["rnn"][0]})
    rows = []
    for low, high in ((0, 2), (4, 10), (12, 20), (22, 30), (32, 40)):
        some = [d for d in distances if low <= d <= high]
        rows.append([f"{low} to {high} words", *means(by_cell, some)])
    far = [d for d in distances if d > 20]
    for nearest, kind in (("same", "the same"), ("other", "the other")):
        rows.append([f"22 to 40, nearest noun of {kind} number", *means(by_cell, far, nearest)])
    draw_table(sys.stdout, ["between subject and verb", *CELLS], rows)


def means(
    by_cell: dict[str, list[Answers]], distances: list[int], nearest: str = ""
) -> list[float]:
    return [
        statistics.mean(accuracy(found, distances, nearest) for found in by_cell[cell])
        for cell in CELLS
    ]


def draw(runs: dict[tuple[int, int], dict[str, list[Answers]]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(runs), figsize=(4 * len(runs), 3.8), layout="constrained", sharey=True,
        squeeze=False,
    )  # fmt: skip
    for axes, ((low, high), by_cell) in zip(panels[0], sorted(runs.items()), strict=True):
        distances = sorted({distance for distance, _ in by_cell["rnn"][0]})
        for cell in CELLS:
            each = [[accuracy(found, [d]) for found in by_cell[cell]] for d in distances]
            axes.plot(distances, list(map(statistics.mean, each)), STYLES[cell],
                      color=COLOURS[cell], label=cell.upper())  # fmt: skip
            axes.fill_between(distances, list(map(min, each)), list(map(max, each)), alpha=0.2,
                              color=COLOURS[cell], linewidth=0)  # fmt: skip
        axes.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
        axes.axvspan(low, high, color="grey", alpha=0.08, linewidth=0)
        axes.set(xlabel="words between subject and verb", ylim=(0, 1.03), xlim=(0, 40),
                 title=f"trained with {low} to {high} words (grey)")  # fmt: skip
        axes.grid(alpha=0.3)
    panels[0][0].set_ylabel("accuracy of was / were (dotted: guessing)")
    panels[0][0].legend(loc="lower right")
    figure.suptitle("Subject–verb agreement over distance")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
