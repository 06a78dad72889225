"""Tokenizing speed: `rnntool tokenize` against a plain loop over the library, in one run.

The loop's time does not count its start-up; rnntool's whole time counts, from start to exit.

    python examples/benchmarks/tokenizers.py RATINGS.txt [--rows 20000] [--tokenizers okt,mecab,…]
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report, seconds

LOOP = """
import json, sys, time
lines = [l.rstrip("\\n").split("\\t")[1] for l in open(sys.argv[2], encoding="utf-8")][1:]
name = sys.argv[1]
if name == "mecab":
    from mecab import MeCab; split = MeCab().morphs
elif name == "kiwi":
    from kiwipiepy import Kiwi
    kiwi = Kiwi(num_workers=1); split = lambda t: [x.form for x in kiwi.tokenize(t)]
else:
    from konlpy import jvm, tag
    from rnntool.text.konlpy import find_java
    jvm.init_jvm(str(find_java().library))
    split = getattr(tag, name.capitalize())().morphs
split("시작")
started = time.perf_counter()
tokens = [split(line) if line.strip() else [] for line in lines]
taken = time.perf_counter() - started
json.dump({"seconds": taken, "tokens": tokens}, open(sys.argv[3], "w"))
import os; os._exit(0)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--tokenizers", default="okt,komoran,hannanum,mecab,kiwi")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part, out, answer = folder / "part.txt", folder / "out.tok", folder / "loop.json"
        with open(arguments.file, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.rows + 1)), "utf-8")
        for tokenizer in arguments.tokenizers.split(","):
            command = [sys.executable, "-c", LOOP, tokenizer, str(part), str(answer)]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            loop = json.loads(answer.read_text(encoding="utf-8"))
            ours = [sys.executable, "-m", "rnntool", "tokenize", "-t", tokenizer, str(part),
                    "--force", "-o", str(out), "-q"]  # fmt: skip
            taken = seconds(lambda command=ours: subprocess.run(command, check=True))
            lines = out.read_text(encoding="utf-8").split("\n")[2:-1]
            texts = [line.split("\t")[1] for line in lines]
            # A space inside a token is written as ▁.
            expected = [" ".join("▁".join(t.split()) for t in tokens) for tokens in loop["tokens"]]
            same = sum(a == b for a, b in zip(texts, expected, strict=True))
            rows.append({
                "tokenizer": tokenizer, "rows": len(texts),
                "plain loop, rows/s": len(texts) / loop["seconds"],
                "rnntool, rows/s": len(texts) / taken,
                "ratio": loop["seconds"] / taken, "rows with the same tokens": same,
            })  # fmt: skip
    report("tokenizers", rows)


if __name__ == "__main__":
    main()
