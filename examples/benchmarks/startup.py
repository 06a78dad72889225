"""Start-up: whole processes, from start to exit, beside a bare Python and `import torch`.

python examples/benchmarks/startup.py [--repeats 11]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from common import alternate, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    commands = {
        "python -c pass": ["-c", "pass"],
        "python -c 'import torch'": ["-c", "import torch"],
        "rnntool --help": ["-m", "rnntool", "--help"],
        "rnntool train classify --help": ["-m", "rnntool", "train", "classify", "--help"],
    }
    calls = {
        name: lambda rest=rest: subprocess.run(
            [sys.executable, *rest], check=True, stdout=subprocess.DEVNULL
        )
        for name, rest in commands.items()
    }
    times = alternate(calls, parser.parse_args().repeats)
    report("startup", [{"command": name, "seconds": value} for name, value in times.items()])


if __name__ == "__main__":
    main()
