"""A coverage-guided fuzz of every reader of files: `make fuzz`, or

    python -m tests.fuzz_readers [--seconds 60] [READER …]

Atheris (libFuzzer) changes a good file again and again and keeps what reaches new lines of our
code, each reader in a process of its own. A reader may refuse a file with a UserError; any other
exception, a crash, a hang of over 20 s or more than 2 GiB of memory ends the fuzz with the input in
`crash-…`. Ends with a table of the inputs tried.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def fuzz_one(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one reader in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["rnntool"]):
        pass
    from tests.formats.readers import READERS
    from tests.formats.test_any_bytes import read_or_refuse

    reader = READERS[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "good").write_bytes(reader.good())
    path = str(folder / f"any{reader.suffix}")
    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=4096"]
    atheris.Setup(
        [sys.argv[0], *options, str(corpus)], lambda content: read_or_refuse(reader, path, content)
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzz the readers in turn, and say how many inputs each was given."""
    from tests.formats.readers import READERS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", default=list(READERS), metavar="READER")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--here", metavar="FOLDER", help="one reader, in this process")
    arguments = parser.parse_args()
    if arguments.here:
        fuzz_one(arguments.readers[0], arguments.seconds, Path(arguments.here))
    total = 0
    for name in arguments.readers:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "tests.fuzz_readers", name, "--here", folder,
                       "--seconds", str(arguments.seconds)]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True)
        tried = re.findall(r"Done (\d+) runs", done.stderr)
        if done.returncode or not tried:
            sys.exit(f"{name}: failed\n{done.stdout}\n{done.stderr}")
        total += int(tried[0])
        print(f"{name}\t{int(tried[0]):,} inputs", flush=True)
    print(f"all\t{total:,} inputs")


if __name__ == "__main__":
    main()
