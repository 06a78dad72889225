"""Start-up: whole processes, from start to exit, beside a bare Python and `import torch`.

    python examples/benchmarks/startup.py [--repeats 11] [--classifier RUN] [--lm RUN]

With runs: one line answered by the classifier, and 200 characters written by the language model.
Each command runs once before it is measured, so that Python's bytecode is there, as it is after
`pip install`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from common import alternate, report

LINE = "기대 안 했는데 의외로 볼만했어요 ㅋㅋ\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--classifier")
    parser.add_argument("--lm")
    arguments = parser.parse_args()
    commands = {
        "python -c pass": ["-c", "pass"],
        "python -c 'import torch'": ["-c", "import torch"],
        "rnntool --help": ["-m", "rnntool", "--help"],
        "rnntool train classify --help": ["-m", "rnntool", "train", "classify", "--help"],
    }
    if arguments.classifier:
        commands["rnntool predict, one line"] = ["-m", "rnntool", "predict", arguments.classifier]
    if arguments.lm:
        commands["rnntool generate --length 200"] = ["-m", "rnntool", "generate", arguments.lm,
                                                     "--length", "200"]  # fmt: skip
    calls = {
        name: lambda rest=rest: subprocess.run(
            [sys.executable, *rest], input=LINE, text=True, check=True, stdout=subprocess.DEVNULL
        )
        for name, rest in commands.items()
    }  # fmt: skip
    for call in calls.values():
        call()
    times = alternate(calls, arguments.repeats)
    report("startup", [{"command": name, "seconds": value} for name, value in times.items()])


if __name__ == "__main__":
    main()
