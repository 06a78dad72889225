"""Which characters of a play are a speaker's name: a line of 0 and 1 for each line of the text.

In tiny Shakespeare a speaker's name stands at the beginning of a speech, alone in its line, with a
colon behind it, after an empty line.

    python speakers.py tinyshakespeare.txt > speaker.txt
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_NAME = re.compile(r"[A-Z][A-Za-z' -]*:")


def main() -> None:
    before = ""
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        name = before == "" and _NAME.fullmatch(line) is not None
        print(" ".join(["1" if name else "0"] * len(line)))
        before = line


if __name__ == "__main__":
    main()
