"""Accuracy over the distance between subject and verb, cell by cell, and its picture.

Reads what `rnntool predict --keep --header` wrote of the test sentences, a file a run, named
work/CELL-SEED.tsv. Of several seeds the mean is shown, and the lowest and highest in the picture.

    python accuracy.py work/*.tsv --plot work/agreement.png
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


def read(path: Path) -> dict[tuple[int, str], list[bool]]:
    """Whether each answer is right, by distance and by the number of the nearest noun."""
    found: dict[tuple[int, str], list[bool]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            right = row["label"] == row["predicted"]
            found[int(row["distance"]), row["nearest"]].append(right)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--plot")
    given = parser.parse_args()
    runs: dict[str, list[dict[tuple[int, str], list[bool]]]] = defaultdict(list)
    for path in given.files:
        runs[path.stem.rpartition("-")[0]].append(read(path))
    distances = sorted({distance for found in runs["rnn"] for distance, _ in found})
    curves = {cell: [[at(found, d) for d in distances] for found in runs[cell]] for cell in CELLS}
    rows = [
        [d, *(statistics.mean(curve[n] for curve in curves[cell]) for cell in CELLS)]
        for n, d in enumerate(distances)
    ]
    draw_table(sys.stdout, ["words between", *CELLS], rows)
    far = [d for d in distances if d > 20]
    print()
    split = [
        [f"the nearest noun has {kind} number",
         *(statistics.mean(at(found, d, nearest) for found in runs[cell] for d in far)
           for cell in CELLS)]
        for nearest, kind in (("same", "the same"), ("other", "the other"))
    ]  # fmt: skip
    draw_table(sys.stdout, [f"{far[0]} to {far[-1]} words between", *CELLS], split)
    if given.plot:
        draw(distances, curves, given.plot)


def at(found: dict[tuple[int, str], list[bool]], distance: int, nearest: str = "") -> float:
    kinds = (nearest,) if nearest else ("none", "same", "other")
    right = [answer for kind in kinds for answer in found.get((distance, kind), [])]
    return sum(right) / len(right)


def draw(distances: list[int], curves: dict[str, list[list[float]]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    colours = {"rnn": "#D55E00", "lstm": "#0072B2", "gru": "#009E73"}  # Okabe and Ito 2008
    styles = {"rnn": "-", "lstm": "--", "gru": "-."}
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for cell, own in curves.items():
        each = list(zip(*own, strict=True))
        means = [statistics.mean(values) for values in each]
        axes.plot(distances, means, styles[cell], color=colours[cell], label=cell.upper())
        axes.fill_between(distances, list(map(min, each)), list(map(max, each)), alpha=0.2,
                          color=colours[cell], linewidth=0)  # fmt: skip
    axes.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
    axes.annotate("guessing", (distances[-1], 0.5), ha="right", va="bottom", color="grey")
    axes.set(xlabel="words between subject and verb", ylabel="accuracy of was / were",
             ylim=(0.45, 1.02), title="Subject–verb agreement over distance")  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1))
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
