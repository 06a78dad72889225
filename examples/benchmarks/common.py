"""What the benchmarks share: repeats, medians, and a table with its JSON."""

from __future__ import annotations

import datetime
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from rnntool import __version__


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
    """A table on standard output, `results/NAME.json` beside the script, and a line of history.

    `results/history.jsonl` keeps every run of every benchmark, so that a slowdown shows.
    """
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---" for _ in columns) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(row[column]) for column in columns) + " |")
    measured = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "rnntool": __version__,
        "date": datetime.date.today().isoformat(),
        "rows": rows,
    }
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    content = json.dumps(measured, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(content + "\n", encoding="utf-8")
    with (folder / "history.jsonl").open("a", encoding="utf-8") as history:
        history.write(json.dumps({"benchmark": name, **measured}, ensure_ascii=False) + "\n")


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)
