"""How far the methods of `rnntool explain` agree: rank correlation of the shares, text by text.

python methods.py rnntool RUN reviews.txt
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from itertools import combinations

from scipy.stats import spearmanr

from rnntool.tables import draw_table

METHODS = ("ig", "gradient", "leave-one-out")


def shares(tool: list[str], run: str, texts: str, method: str) -> list[list[float]]:
    command = [*tool, "explain", run, texts, "--method", method, "--json", "-q"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [json.loads(line)["attributions"] for line in lines]


def main() -> None:
    tool, run, texts = shlex.split(sys.argv[1]), sys.argv[2], sys.argv[3]
    found = {method: shares(tool, run, texts, method) for method in METHODS}
    rows = []
    for a, b in combinations(METHODS, 2):
        each = [float(spearmanr(x, y).statistic) for x, y in zip(found[a], found[b], strict=True)]
        same = [
            max(range(len(x)), key=x.__getitem__) == max(range(len(y)), key=y.__getitem__)
            for x, y in zip(found[a], found[b], strict=True)
        ]
        rows.append([f"{a} and {b}", sum(each) / len(each), f"{sum(same)} of {len(same)}"])
    draw_table(sys.stdout, ["methods", "mean rank correlation", "same first token"], rows)


if __name__ == "__main__":
    main()
