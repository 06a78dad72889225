"""Which sense has the word here? Nearest sense by contextual and by static vectors.

Each sentence is left out in turn; the sense whose other sentences' vectors have the nearest mean
(cosine) is the answer. Static, a word has one vector everywhere, so its neighbours' mean stands in.

    python senses.py BILM-RUN STATIC.vec [senses.tsv]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

from rnntool.tables import draw_table
from rnntool.tasks.bilm.embed import embed_tokens
from rnntool.tasks.bilm.load import load_bilm
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer

Sentences = list[tuple[str, str, list[str]]]  # word, sense, tokens


def read(path: Path, tokenize: Callable[[str], list[str]]) -> tuple[Sentences, list[str]]:
    """The sentences as tokens, and those in which the tokenizer hides the word."""
    found, hidden = [], []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        word, sense, text = line.split("\t")
        tokens = tokenize(text)
        if word in tokens:
            found.append((word, sense, tokens))
        else:
            hidden.append(text)
    return found, hidden


def accuracy(sentences: Sentences, vectors: np.ndarray) -> float:
    """Share whose nearest sense, without the sentence itself, is the right one."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    senses = np.array([sense for _, sense, _ in sentences])
    right = 0
    for n in range(len(sentences)):
        others = np.arange(len(sentences)) != n
        means = {s: unit[(senses == s) & others].mean(axis=0) for s in sorted(set(senses))}
        near = {s: unit[n] @ m / np.linalg.norm(m) for s, m in means.items()}
        right += max(near, key=near.__getitem__) == senses[n]
    return right / len(sentences)


def static(words: KeyedVectors, word: str, tokens: list[str]) -> np.ndarray:
    known = [words[t] for t in tokens if t != word and t in words]
    return np.mean(known, axis=0) if known else np.zeros(words.vector_size)


def main() -> None:
    run, table = sys.argv[1:3]
    path = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).with_name("senses.tsv")
    trained = load_bilm(run)
    tokenizer = make_tokenizer(parse_identity(trained.run.config.tokenizer))
    everything, hidden = read(path, tokenizer.tokenize)
    words = KeyedVectors.load_word2vec_format(table)
    rows = []
    for word in dict.fromkeys(word for word, _, _ in everything):
        own = [item for item in everything if item[0] == word]
        texts = [tokens for _, _, tokens in own]
        contextual = [
            embedded.vectors[embedded.tokens.index(word)]
            for embedded in embed_tokens(trained, texts)
        ]
        around = [static(words, word, tokens) for tokens in texts]
        rows.append([word, len(own), accuracy(own, np.array(contextual)),
                     accuracy(own, np.array(around)), 1 / len({s for _, s, _ in own})])  # fmt: skip
    rows.append(["all", sum(r[1] for r in rows), *(
        sum(r[1] * r[k] for r in rows) / sum(r[1] for r in rows) for k in (2, 3, 4)
    )])  # fmt: skip
    columns = ["word", "sentences", "contextual", "static, mean of the others", "static, its own"]
    draw_table(sys.stdout, columns, rows)
    if hidden:
        print(f"left out, the tokenizer hides the word: {len(hidden)}: {'; '.join(hidden)}")


if __name__ == "__main__":
    main()
