"""What the benchmarks share: repeats, medians, and a table with its JSON."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def alternate(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each call; taking turns, so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def report(name: str, rows: list[dict[str, object]]) -> None:
    """A table on standard output and `results/NAME.json` beside the script."""
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---" for _ in columns) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(row[column]) for column in columns) + " |")
    machine = {"machine": platform.processor() or platform.machine(), "python": sys.version}
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    content = json.dumps({**machine, "rows": rows}, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(content + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)
