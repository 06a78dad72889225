"""A scikit-learn classifier of texts, for `cross_val_score`, `GridSearchCV` and `Pipeline`."""

from rnntool.sklearn.text_classifier import TextClassifier

__all__ = ["TextClassifier"]
