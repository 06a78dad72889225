"""Tokenizing speed: `rnntool tokenize` against a plain loop over the library, in one run.

Of both, the whole process counts from start to exit: a Java VM starts and loads its dictionaries on
either side. The loop writes its tokens as rnntool does.

    python examples/benchmarks/tokenizers.py RATINGS.txt [--rows 20000] [--tokenizers okt,mecab,…]
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from common import report, seconds

from rnntool.registry import KONLPY_TOKENIZERS
from rnntool.text.konlpy import find_java

LOOP = """
import os, sys
lines = [l.rstrip("\\n").split("\\t")[1] for l in open(sys.argv[2], encoding="utf-8")][1:]
name = sys.argv[1]
if name == "mecab":
    from mecab import MeCab; split = MeCab().morphs
elif name == "kiwi":
    from kiwipiepy import Kiwi
    kiwi = Kiwi(num_workers=1); split = lambda t: [x.form for x in kiwi.tokenize(t)]
else:
    from konlpy import jvm, tag
    jvm.init_jvm(sys.argv[4])
    split = getattr(tag, name.capitalize())().morphs
with open(sys.argv[3], "w", encoding="utf-8") as sink:
    for line in lines:
        tokens = split(line) if line.strip() else []
        sink.write(" ".join("▁".join(token.split()) for token in tokens) + "\\n")
os._exit(0)
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
        part, out, answer = folder / "part.txt", folder / "out.tok", folder / "loop.txt"
        with open(arguments.file, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.rows + 1)), "utf-8")
        for tokenizer in arguments.tokenizers.split(","):
            java = str(find_java().library) if tokenizer in KONLPY_TOKENIZERS else ""
            loop = [sys.executable, "-c", LOOP, tokenizer, str(part), str(answer), java]
            ours = [sys.executable, "-m", "rnntool", "tokenize", "-t", tokenizer, str(part),
                    "--force", "-o", str(out), "-q"]  # fmt: skip
            plain = seconds(
                lambda command=loop: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            )
            taken = seconds(lambda command=ours: subprocess.run(command, check=True))
            lines = out.read_text(encoding="utf-8").split("\n")[2:-1]
            texts = [line.split("\t")[1] for line in lines]
            expected = [
                " ".join(line.split()) for line in answer.read_text(encoding="utf-8").split("\n")
            ]
            same = sum(a == b for a, b in zip(texts, expected[:-1], strict=True))
            rows.append({
                "tokenizer": tokenizer, "rows": len(texts),
                "plain loop, rows/s": len(texts) / plain,
                "rnntool, rows/s": len(texts) / taken,
                "ratio": plain / taken, "rows with the same tokens": same,
            })  # fmt: skip
    report("tokenizers", rows)


if __name__ == "__main__":
    main()
