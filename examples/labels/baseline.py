"""A bag of words and logistic regression on the same split: python baseline.py FOLDER [char]

The regularisation is chosen on the validation part by macro F1; the test part is scored once. Words
are what the tokenizer `regex` finds, lower-cased (with `char`: runs of 1 to 4 characters).
"""

import csv
import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer


def read(path):
    with open(path, encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def main():
    folder, *kind = sys.argv[1:]
    if kind:
        bag = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    else:
        words = make_tokenizer(TokenizerSpec("regex", frozenset({"lower"}))).tokenize
        bag = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    texts, labels = read(f"{folder}/train.tsv")
    held, held_labels = read(f"{folder}/validation.tsv")
    features, held_features = bag.fit_transform(texts), bag.transform(held)
    best = None
    for weight in (None, "balanced"):
        for c in (1, 3, 10):
            model = LogisticRegression(C=c, class_weight=weight, max_iter=500, tol=1e-3)
            model.fit(features, labels)
            score = f1_score(held_labels, model.predict(held_features), average="macro")
            if best is None or score > best[0]:
                best = (score, c, weight, model)
    score, c, weight, model = best
    test, truth = read(f"{folder}/test.tsv")
    predicted = model.predict(bag.transform(test))
    print(f"chosen by validation macro F1 {score:.4f}: C {c}, class_weight {weight}")
    print(f"test accuracy {accuracy_score(truth, predicted):.4f},"
          f" macro F1 {f1_score(truth, predicted, average='macro'):.4f}")  # fmt: skip
    common = max(set(labels), key=labels.count)
    share = truth.count(common) / len(truth)
    print(f"always {common!r}: accuracy {share:.4f}")


if __name__ == "__main__":
    main()
