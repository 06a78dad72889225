"""Embedding training: `train-embeddings` against gensim called directly, same settings, one run.

And against fastText without its n-grams where that is installed (fasttext-numpy2-wheel).

    python examples/benchmarks/embeddings.py TRAIN.tok [--repeats 3] [--epochs 3]
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from common import alternate, report

DIRECT = """
import sys
from gensim.models import Word2Vec
model = Word2Vec(corpus_file=sys.argv[1], sg=int(sys.argv[2]), epochs=int(sys.argv[3]),
                 vector_size=200, window=5, min_count=2, negative=5, sample=0.001,
                 workers=2, seed=1)
model.wv.save_word2vec_format(sys.argv[4])
"""
FASTTEXT = """
import sys, fasttext
model = fasttext.train_unsupervised(sys.argv[1], ("cbow", "skipgram")[int(sys.argv[2])],
                                    epoch=int(sys.argv[3]), dim=200, ws=5, minCount=2, neg=5,
                                    t=0.001, minn=0, maxn=0, thread=2, verbose=0)
model.save_model(sys.argv[4])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--kinds", default="cbow,skipgram")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, vectors = folder / "plain.txt", folder / "v.vec"
        with open(arguments.tokens, encoding="utf-8") as source:
            texts = (line.split("\t")[1] for line in itertools.islice(source, 2, None))
            plain.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        for kind in arguments.kinds.split(","):
            sg = str(int(kind == "skipgram"))
            given = [str(plain), sg, str(arguments.epochs), str(vectors)]
            commands = {"gensim directly, s": [sys.executable, "-c", DIRECT, *given]}
            if importlib.util.find_spec("fasttext") is not None:
                commands["fastText, s"] = [sys.executable, "-c", FASTTEXT, *given]
            commands["rnntool, s"] = [
                sys.executable, "-m", "rnntool", "train-embeddings", kind, arguments.tokens,
                "--epochs", str(arguments.epochs), "--threads", "2", "--force", "-q",
                "-o", str(vectors),
            ]  # fmt: skip
            calls = {
                name: lambda command=command: subprocess.run(command, check=True)
                for name, command in commands.items()
            }
            times = alternate(calls, arguments.repeats)
            *others, ours = times
            ratios = {f"of {o.split(',')[0]}'s time": times[ours] / times[o] for o in others}
            rows.append({"kind": kind, **times, **ratios})
    report("embeddings", rows)


if __name__ == "__main__":
    main()
