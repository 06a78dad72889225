"""Two programs on the same cores: each against its time alone; and alone against torch's defaults.

Threads spin while they wait, unless they are told not to. The first rows say how long the same
training takes alone and beside a second one, as rnntool sets the threads up and as torch has them;
the others how long commands that answer with NumPy take alone and beside a training.
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
import time
from collections.abc import Sequence
from pathlib import Path

from common import report, seconds

FLAGS = ("--bidirectional", "--hidden", "256", "--patience", "0", "-q", "--force")
# What GNU's OpenMP does where no variable is set, and rnntool leaves a user's setting alone.
DEFAULT = {"GOMP_SPINCOUNT": "300000"}
# {run}: a run that was trained here; {tokens}: five times the documents that trained it.
ANSWERS = {
    "eval": ("eval", "{run}", "{tokens}", "-q"),
    "predict": ("predict", "{run}", "{tokens}", "-q"),
    "generate": ("generate", "reviews", "--samples", "200", "-q"),
}


def begin(command: Sequence[str], extra: dict[str, str]) -> subprocess.Popen[bytes]:
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "OPENBLAS"))}
    return subprocess.Popen(
        [sys.executable, "-m", "rnntool", *command],
        env=bare | extra, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def finish(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        if process.wait():
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")


def training(tokens: Path, run: str, precision: str, epochs: int = 2) -> list[str]:
    return ["train", "classify", str(tokens), "-o", run, *FLAGS, "--precision", precision,
            "--epochs", str(epochs)]  # fmt: skip


def trainings(part: Path, folder: str, arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Trainings that begin together, until all of them have ended."""
    settings: dict[str, dict[str, str]] = {"rnntool's threads": {}, "torch's defaults": DEFAULT}
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(arguments.rounds):
        for name, count in itertools.product(settings, (1, 2)):
            extra = settings[name]
            if extra and count > 1 and not arguments.spin:
                continue  # takes over ten times as long as alone
            runs = [f"{folder}/run{n}" for n in range(count)]
            commands = [training(part, run, arguments.precision) for run in runs]
            seen = seconds(lambda: finish([begin(own, extra) for own in commands]))  # noqa: B023
            found.setdefault((name, count), []).append(seen)
            print(f"{count} at once, {name}: {seen:.1f} s", file=sys.stderr)
    return [row(f"train, {name}", found[name, 1], found.get((name, 2), [])) for name in settings]


def answers(part: Path, more: Path, folder: str, arguments: argparse.Namespace) -> list[
    dict[str, object]
]:  # fmt: skip
    """Commands that answer, alone and then beside a training that goes on."""
    commands = {
        name: [word.format(run=f"{folder}/run0", tokens=more) for word in words]
        for name, words in ANSWERS.items()
    }
    alone = in_turns(commands, arguments.rounds, "alone")
    endless = training(part, f"{folder}/endless", "fp32", epochs=10_000)
    other = begin(endless, {})
    try:
        time.sleep(10)  # it has begun its first epoch
        beside = in_turns(commands, arguments.rounds, "beside a training")
        if other.poll() is not None:
            raise SystemExit("the training has ended too soon")
    finally:
        other.terminate()
        other.wait()
    return [row(name, alone[name], beside[name]) for name in commands]


def in_turns(commands: dict[str, list[str]], rounds: int, how: str) -> dict[str, list[float]]:
    """Seconds of each command in each round."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(seconds(lambda: finish([begin(command, {})])))  # noqa: B023
            print(f"{name}, {how}: {found[name][-1]:.1f} s", file=sys.stderr)
    return found


def row(name: str, alone: list[float], beside: list[float]) -> dict[str, object]:
    middle, other = statistics.median(alone), statistics.median(beside or [float("nan")])
    return {"command": name, "alone, s": middle, "beside a training, s": other,
            "times as long": other / middle}  # fmt: skip


def write_part(source: str, target: Path, documents: int) -> Path:
    with open(source, encoding="utf-8") as lines:
        target.write_text("".join(itertools.islice(lines, documents + 2)), "utf-8")
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--spin", action="store_true", help="two at once by torch's defaults, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        part = write_part(arguments.tokens, Path(folder) / "part.tok", arguments.documents)
        more = write_part(arguments.tokens, Path(folder) / "more.tok", 5 * arguments.documents)
        rows = trainings(part, folder, arguments)
        report("contention", rows + answers(part, more, folder, arguments))


if __name__ == "__main__":
    main()
