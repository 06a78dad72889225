"""Print a file of reviews without those whose text stands in other files.

usage: without_copies.py FILE OTHER...

A file is a table as NSMC's (`id document label`) or text, a review a line. White space is left out
of the comparison, since mecab gives the same tokens with it and without. 2.5 % of NSMC's own
training file are copies of test reviews, mostly short ones that several people wrote ("최고").
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator

HEADER = "id\tdocument\tlabel"


def key(text: str) -> str:
    """What two copies share."""
    return "".join(unicodedata.normalize("NFC", text).split())


def reviews(path: str) -> Iterator[tuple[str, str]]:
    """Each line of a file without its line feed, and the review in it; the header's is empty."""
    table = False
    with open(path, encoding="utf-8", newline="\n") as source:
        for number, raw in enumerate(source):
            line = raw.rstrip("\r\n")
            table = table or (number == 0 and line.lstrip("\ufeff") == HEADER)
            if table:
                yield line, "" if number == 0 else line.split("\t")[1]
            else:
                yield line, line


def main(file: str, *others: str) -> None:
    known = {key(text) for other in others for _, text in reviews(other)} - {""}
    left_out = 0
    for line, text in reviews(file):
        if key(text) in known:
            left_out += 1
            continue
        sys.stdout.write(line + "\n")
    print(f"{file}: {left_out:,} reviews left out that are in {', '.join(others)}", file=sys.stderr)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    main(*sys.argv[1:])
