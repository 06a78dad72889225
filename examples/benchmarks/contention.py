"""Two trainings on the same cores: each against its time alone; and alone against torch's defaults.

OpenMP's threads spin while they wait, unless they are told not to. The rows say how long the same
training takes alone and beside a second one, as rnntool sets the threads up and as torch has them.
Whole commands, in turns; the medians of the rounds.

    python examples/benchmarks/contention.py TRAIN.tok [--documents 4000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report, seconds

FLAGS = ("--bidirectional", "--hidden", "256", "--epochs", "2", "--patience", "0", "-q", "--force")
# What GNU's OpenMP does where no variable is set, and rnntool leaves a user's setting alone.
DEFAULT = {"GOMP_SPINCOUNT": "300000"}


def begin(tokens: Path, run: str, precision: str, extra: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rnntool", "train", "classify", str(tokens), "-o", run,
               *FLAGS, "--precision", precision]  # fmt: skip
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    return subprocess.Popen(command, env=bare | extra, stderr=subprocess.DEVNULL)


def taken(tokens: Path, folder: str, count: int, precision: str, extra: dict[str, str]) -> float:
    """Seconds until `count` trainings that begin together have ended."""

    def together() -> None:
        started = [begin(tokens, f"{folder}/run{n}", precision, extra) for n in range(count)]
        for process in started:
            if process.wait():
                raise SystemExit(f"a training ended with {process.returncode}")

    return seconds(together)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--spin", action="store_true", help="two at once by torch's defaults, too")
    arguments = parser.parse_args()
    settings: dict[str, dict[str, str]] = {"rnntool's threads": {}, "torch's defaults": DEFAULT}
    found: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        for _ in range(arguments.rounds):
            for name, count in itertools.product(settings, (1, 2)):
                extra = settings[name]
                if extra and count > 1 and not arguments.spin:
                    continue  # takes over ten times as long as alone
                seen = taken(part, folder, count, arguments.precision, extra)
                found.setdefault((name, count), []).append(seen)
                print(f"{count} at once, {name}: {seen:.1f} s", file=sys.stderr)
    rows: list[dict[str, object]] = []
    for name in settings:
        alone = statistics.median(found[name, 1])
        beside = statistics.median(found.get((name, 2), [float("nan")]))
        rows.append({
            "threads": name, "alone, s": alone, "two at once, s": beside,
            "times as long": beside / alone,
        })  # fmt: skip
    report("contention", rows)


if __name__ == "__main__":
    main()
