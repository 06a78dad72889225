"""The scikit-learn estimator, in scikit-learn's own tools."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks as checks

import rnntool
from rnntool.sklearn import TextClassifier

SMALL = {
    "hidden": 8, "embedding_dim": 8, "epochs": 4, "batch_size": 8, "lr": 0.02, "random_state": 1,
    "settings": {"threads": 1, "average": 0.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def data() -> tuple[list[str], list[int]]:
    draw = np.random.default_rng(2)
    texts = [
        " ".join(draw.choice(["가", "나", "다", "라"], draw.integers(1, 6))) for _ in range(90)
    ]
    return texts, [7 if "가" in text.split() else -3 for text in texts]


@pytest.fixture(scope="module")
def fitted(data) -> TextClassifier:
    return TextClassifier(**SMALL).fit(*data)


# Those of scikit-learn's checks that need no table of numbers; the rest give it one.
@pytest.mark.parametrize(
    "check",
    [
        checks.check_estimator_cloneable, checks.check_estimator_tags_renamed,
        checks.check_valid_tag_types, checks.check_estimator_repr,
        checks.check_no_attributes_set_in_init, checks.check_parameters_default_constructible,
        checks.check_get_params_invariance, checks.check_set_params, checks.check_mixin_order,
        checks.check_do_not_raise_errors_in_init_or_set_params,
    ],
    ids=lambda check: check.__name__,
)  # fmt: skip
def test_scikit_learns_checks(check):
    check("TextClassifier", TextClassifier())


def test_it_learns_and_its_classes_are_the_labels(fitted, data):
    texts, labels = data
    assert fitted.classes_.tolist() == [-3, 7]
    assert fitted.score(texts, labels) > 0.9
    probabilities = fitted.predict_proba(texts)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert fitted.predict(texts).tolist() == fitted.classes_[probabilities.argmax(axis=1)].tolist()
    assert fitted.predict_proba([]).shape == (0, 2)


def test_the_parameters_are_those_of_the_training(fitted):
    trained = fitted.model_.settings
    given = {
        name: SMALL[name] for name in ("hidden", "embedding_dim", "epochs", "batch_size", "lr")
    }
    assert given.items() <= trained.items()
    assert (trained["validation"], trained["seed"], trained["average"]) == ("0.05", 1, 0.0)
    assert [place.name for place in fitted.model_.path.parent.iterdir()] == ["run"]  # no texts


def test_probabilities_stand_in_the_order_of_the_classes(data):
    """Sorted as numbers, 2 comes before 10; as words, after it."""
    texts, labels = data
    model = TextClassifier(**SMALL).fit(texts, [2 if label < 0 else 10 for label in labels])
    assert model.classes_.tolist() == [2, 10]
    assert model.score(texts, [2 if label < 0 else 10 for label in labels]) > 0.9


def test_cross_validation_a_grid_and_a_pipeline(data):
    texts, labels = data
    quick = TextClassifier(**(SMALL | {"epochs": 1}))
    assert len(cross_val_score(quick, texts, labels, cv=2)) == 2
    grid = GridSearchCV(quick, {"cell": ["gru", "rnn"]}, cv=2).fit(texts, labels)
    assert grid.best_params_["cell"] in ("gru", "rnn")
    pipeline = make_pipeline(FunctionTransformer(lambda rows: [t.strip() for t in rows]), quick)
    assert len(pipeline.fit(texts, labels).predict(texts)) == len(texts)


def test_a_clone_is_unfitted_and_says_so(fitted):
    with pytest.raises(NotFittedError):
        clone(fitted).predict(["가"])


def test_a_pickle_and_a_saved_run_answer_the_same(fitted, data, tmp_path):
    wanted = fitted.predict_proba(data[0])
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(data[0]), wanted)
    fitted.save(tmp_path / "run")
    np.testing.assert_array_equal(rnntool.load(tmp_path / "run").predict_proba(data[0]), wanted)
    with pytest.raises(rnntool.UserError, match="exists already"):
        fitted.save(tmp_path / "run")


def test_the_random_state_is_scikit_learns(data):
    """An int is the seed itself; others give one, and give another the next time."""
    small = SMALL | {"epochs": 1}

    def answers(state) -> np.ndarray:
        return TextClassifier(**(small | {"random_state": state})).fit(*data).predict_proba(["가"])

    state = np.random.RandomState(4)
    first, second = answers(state), answers(state)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(answers(np.random.RandomState(4)), first)
    np.random.seed(4)
    np.testing.assert_array_equal(answers(None), first)
    np.testing.assert_array_equal(answers(np.int64(1)), answers(1))


def test_names_of_any_kind_are_classes(data):
    texts, labels = data
    named = np.array(["nein" if label < 0 else "ja\tja" for label in labels], dtype=object)
    model = TextClassifier(**(SMALL | {"epochs": 1})).fit(np.array(texts), named)
    assert set(model.predict(texts)) <= {"nein", "ja\tja"}


def test_bad_input_is_said(data):
    texts, labels = data
    quick = TextClassifier(**SMALL)
    with pytest.raises(ValueError, match="X has 89 texts, and y 90 labels"):
        quick.fit(texts[1:], labels)
    with pytest.raises(ValueError, match="one class only"):
        quick.fit(texts, [1] * len(texts))
    with pytest.raises(ValueError, match="one label a text is expected"):
        quick.fit(texts, np.eye(2, dtype=int)[[int(label > 0) for label in labels]])
    with pytest.raises(ValueError, match="Unknown label type"):
        quick.fit(texts, np.linspace(0, 1, len(texts)))
    with pytest.raises(TypeError, match="text 0 is not a string"):
        quick.fit([1.0, 2.0], [0, 1])
    with pytest.raises(rnntool.UserError, match="no setting 'epoch'"):
        TextClassifier(settings={"epoch": 3}).fit(texts, labels)
