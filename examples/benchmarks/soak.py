"""A long soak: `predict` fed a million lines in a pipe; memory must not grow with them.

    python examples/benchmarks/soak.py RUN TEXT.txt [--lines 1000000]

TEXT's lines are given again and again. Memory is the private share (PSS) of `predict` and of the
processes that tokenize for it, looked at after each twentieth of the answers.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from common import report


def memory(pid: int) -> float:
    """MiB of a process and its children."""
    tasks = Path(f"/proc/{pid}/task")
    children = [c for t in tasks.iterdir() for c in (t / "children").read_text().split()]
    total = 0
    for member in [str(pid), *children]:
        with contextlib.suppress(OSError):  # it has just ended
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def feed(sink: IO[str], texts: list[str], count: int) -> None:
    for text in itertools.islice(itertools.cycle(texts), count):
        sink.write(text)
    sink.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("text")
    parser.add_argument("--lines", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with open(arguments.text, encoding="utf-8") as source:
        texts = source.readlines()
    command = [sys.executable, "-m", "rnntool", "predict", arguments.run, "-q"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    threading.Thread(target=feed, args=(process.stdin, texts, arguments.lines), daemon=True).start()
    started, rows, answered = time.perf_counter(), [], 0
    for answered, _ in enumerate(process.stdout, start=1):
        if answered % (arguments.lines // 20) == 0:
            rows.append({"answered": answered, "memory, MiB": round(memory(process.pid)),
                         "seconds": time.perf_counter() - started})  # fmt: skip
    if process.wait() or answered != arguments.lines:
        sys.exit(f"{answered} answers to {arguments.lines} lines, exit code {process.returncode}")
    report("soak", rows)


if __name__ == "__main__":
    main()
