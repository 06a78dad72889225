"""rnntool from Python: a scikit-learn estimator, then the model that it leaves behind.

    python examples/python/reviews.py [RATINGS.txt] [--rows 800]

Without a file it reads the sample that rnntool brings, 1,000 reviews of NSMC.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from importlib import resources

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import rnntool
from rnntool.sklearn import TextClassifier

SAMPLE = str(resources.files("rnntool") / "sample" / "ratings_train.txt")


def read(path: str, rows: int) -> tuple[list[str], list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[:rows]
    return [row["document"] for row in table], [row["label"] for row in table]


def compare(texts: list[str], labels: list[str]) -> None:
    """Accuracy by cross-validation, beside a bag of words on the same folds."""
    models = {
        "TextClassifier (mecab, GRU 32)": TextClassifier(
            "mecab", cell="gru", hidden=32, embedding_dim=32, epochs=6, batch_size=16, lr=0.01,
            validation=0.1, random_state=1, settings={"average": 0.0},
        ),
        "bag of words, logistic regression": make_pipeline(
            TfidfVectorizer(), LogisticRegression(max_iter=1000)
        ),
    }  # fmt: skip
    for name, model in models.items():
        scores = cross_val_score(model, texts, labels, cv=3)
        print(f"{name:36} {scores.mean():.3f} ± {scores.std():.3f}")


def ask(texts: list[str], labels: list[str]) -> None:
    """Fit on all texts, keep the run, open it as any other run, and ask it."""
    fitted = TextClassifier(
        "mecab", cell="gru", hidden=32, embedding_dim=32, epochs=6, batch_size=16, lr=0.01,
        validation=0.1, random_state=1, settings={"average": 0.0},
    ).fit(texts, labels)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(f"{folder}/run")  # for `rnntool predict`, `explain`, `eval` as well
        show(rnntool.load(f"{folder}/run"), ["정말 재미있어요", "시간이 아깝다"])


def show(model: rnntool.Model, texts: list[str]) -> None:
    print(model)
    for text, label, p in zip(texts, model.predict(texts), model.predict_proba(texts), strict=True):
        print(f"{label}  {p.max():.3f}  {text}")
    why = model.explain(texts[0])
    shares = zip(why.tokens, why.attributions, strict=True)
    print("  ".join(f"{token} {share:+.2f}" for token, share in shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ratings", nargs="?", default=SAMPLE)
    parser.add_argument("--rows", type=int, default=800)
    given = parser.parse_args()
    texts, labels = read(given.ratings, given.rows)
    compare(texts, labels)
    ask(texts, labels)


if __name__ == "__main__":
    main()
