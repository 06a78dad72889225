"""What the benchmarks share: repeats, medians, and a table with its JSON."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rnntool import __version__
from rnntool.machine import usable_cores

_PACKAGES = ("numpy", "torch", "gensim")

# Processes that a benchmark starts find Python's bytecode, as after `pip install`. With this
# variable each would compile 200 files, for a quarter of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


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

    `results/history.jsonl` keeps every run of every benchmark; what has changed by a tenth since
    the last run on such a machine stands under the table, so that a slowdown shows.
    """
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---" for _ in columns) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(row[column]) for column in columns) + " |")
    measured = {
        "machine": _machine(),
        "python": platform.python_version(),
        "rnntool": __version__,
        "packages": {package: importlib.metadata.version(package) for package in _PACKAGES},
        "date": datetime.date.today().isoformat(),
        "rows": rows,
    }
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    history = folder / "history.jsonl"
    for line in _changes(history, name, measured):
        print(line)
    content = json.dumps(measured, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(content + "\n", encoding="utf-8")
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"benchmark": name, **measured}, ensure_ascii=False) + "\n")


def _machine() -> str:
    """The processor's name, and how many of its cores may be used."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("model name"))
        return f"{name.partition(':')[2].strip()}, {usable_cores()} cores"
    return f"{platform.processor() or platform.machine()}, {usable_cores()} cores"


def _changes(history: Path, name: str, measured: dict[str, Any]) -> Iterator[str]:
    """What differs by a tenth or more from the last run of this benchmark on such a machine."""
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    last: dict[str, tuple[str, dict[str, Any]]] = {}  # by what a row's first column says
    for entry in map(json.loads, lines):
        if entry["benchmark"] == name and entry["machine"] == measured["machine"]:
            last |= {str(_title(row)): (entry["date"], row) for row in entry["rows"]}
    for row in measured["rows"]:
        date, before = last.get(str(_title(row)), ("", {}))
        for column, new in row.items():
            was = before.get(column)
            if isinstance(was, float) and isinstance(new, float) and abs(new / was - 1) >= 0.1:
                yield f"since {date}: {_title(row)}: {column} {_cell(was)} -> {_cell(new)}"


def _title(row: dict[str, Any]) -> Any:
    return next(iter(row.values()))


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)
