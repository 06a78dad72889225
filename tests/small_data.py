"""Small files to train on, for tests whose subject is not the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_small_data(folder: Path, count: int) -> list[str]:
    """Write `text.txt` and `rows.tsv` of `count` lines of 200 words, and `series.csv`.

    Returns:
        The lines of the text.
    """
    draw = np.random.default_rng(4)
    words = [chr(ord("가") + n) for n in range(200)]
    lines = [" ".join(draw.choice(words, draw.integers(1, 9))) for _ in range(count)]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "".join(f"{line}\t{ord(line[0]) % 2}\n" for line in lines)
    (folder / "rows.tsv").write_text("document\tlabel\n" + rows, encoding="utf-8")
    values = "".join(f"{n},{np.sin(n / 3):.4f}\n" for n in range(120))
    (folder / "series.csv").write_text("day,value\n" + values, encoding="utf-8")
    return lines
