"""The caption example's data: a split, a vector for each review, and the two that lead the samples.

python features.py split RATINGS.txt ROWS TRAIN.tsv TEST.tsv
python features.py vectors TOKENS VECTORS OUT.npy      [label as ±1, mean word vector]
python features.py both TOKENS ALL.npy OUT.csv         the mean vector of each label
"""

import sys

import numpy as np
from gensim.models import KeyedVectors

HEADER = "id\tdocument\tlabel\n"


def split(ratings: str, rows: str, train: str, test: str) -> None:
    with open(ratings, encoding="utf-8") as source:
        lines = [line for line in list(source)[1:] if line.split("\t")[1].strip()]
    order = np.random.default_rng(1).permutation(len(lines))
    count = min(int(rows), int(0.9 * len(lines)))
    for path, chosen in ((train, order[:count]), (test, order[count : count + 5000])):
        with open(path, "w", encoding="utf-8") as sink:
            sink.writelines([HEADER, *(lines[n] for n in chosen)])


def read(tokens: str) -> list[tuple[list[str], int]]:
    with open(tokens, encoding="utf-8") as source:
        rows = [line.rstrip("\n").split("\t") for line in list(source)[2:]]
    return [(text.split(" "), int(label)) for _, text, label in rows]


def vectors(tokens: str, table: str, out: str) -> None:
    words = KeyedVectors.load_word2vec_format(table)
    rows = []
    for text, label in read(tokens):
        known = [words[word] for word in text if word in words]
        mean = np.mean(known, axis=0) if known else np.zeros(words.vector_size)
        rows.append(np.concatenate([[2 * label - 1], mean]))
    np.save(out, np.array(rows, dtype=np.float32))


def both(tokens: str, table: str, out: str) -> None:
    labels = np.array([label for _, label in read(tokens)])
    found = np.load(table)
    means = [found[labels == label].mean(axis=0) for label in (0, 1)]
    np.savetxt(out, means, delimiter=",", fmt="%.6f")


if __name__ == "__main__":
    {"split": split, "vectors": vectors, "both": both}[sys.argv[1]](*sys.argv[2:])
