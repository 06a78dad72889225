"""fastText's `supervised` on the same tokens, for comparison: accuracy, seconds, size on disk.

pip install fasttext-numpy2-wheel
python examples/benchmarks/fasttext_nsmc.py TRAIN.tok TEST.tok
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import fasttext
from common import report, seconds


def labelled_lines(path: str) -> list[str]:
    """Each row of a tokens file `id, tokens, label` as fastText reads it."""
    rows = Path(path).read_text(encoding="utf-8").split("\n")[2:-1]
    fields = [row.split("\t") for row in rows]
    return [f"__label__{label} {tokens}\n" for _, tokens, label in fields]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder) / "train.txt", Path(folder) / "test.txt"
        train.write_text("".join(labelled_lines(arguments.train)), encoding="utf-8")
        test.write_text("".join(labelled_lines(arguments.test)), encoding="utf-8")
        models = []
        taken = seconds(lambda: models.append(fasttext.train_supervised(
            str(train), wordNgrams=2, thread=arguments.threads, verbose=0
        )))  # fmt: skip
        count, accuracy, _ = models[0].test(str(test))
        models[0].save_model(f"{folder}/model.bin")
        size = Path(f"{folder}/model.bin").stat().st_size // 1_000_000
    report("fasttext", [{"reviews": count, "test accuracy": f"{accuracy:.4f}", "training, s": taken,
                         "model, MB": size}])  # fmt: skip


if __name__ == "__main__":
    main()
