"""`train classify` as a scikit-learn estimator.

Shapes: N texts, C classes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from rnntool import tasks
from rnntool.api.model import Model, listed, load
from rnntool.configuration import build
from rnntool.errors import UserError
from rnntool.formats.writing import write_directory
from rnntool.reporting import QuietReporter
from rnntool.tasks.classify.settings import ClassifySettings


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A recurrent classifier of texts, trained as `rnntool train classify` does it.

    X is a sequence of N strings, y N labels of any kind that scikit-learn takes.

    Args:
        tokenizer: how a text is split: one of registry.TOKENIZERS, such as `mecab` or `char`.
        cell: `rnn`, `rnn-relu`, `lstm`, `gru` or `gru-reset-before`.
        embedding_dim: size of a token's vector.
        hidden: hidden size of each direction.
        layers: stacked layers.
        bidirectional: read backward as well.
        dropout: between layers and before the output.
        epochs: the largest number of epochs; the best on the validation part is kept.
        batch_size: texts per step.
        lr: the learning rate; with the one-cycle schedule, its peak.
        validation: share of the texts held out to choose the best epoch; 0: none.
        random_state: seed of everything random, or a `RandomState` that gives one; None: NumPy's
            own, which gives another seed each time.
        settings: further settings of `train classify` by name, such as `{"pooling": "max"}`.

    Attributes:
        classes_: [C] the labels, sorted.
        model_: the trained model, a `rnntool.Model`: `explain` and the rest.
    """

    def __init__(
        self,
        tokenizer: str = "whitespace",
        *,
        cell: str = "lstm",
        embedding_dim: int = 200,
        hidden: int = 256,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.3,
        epochs: int = 3,
        batch_size: int = 128,
        lr: float = 0.003,
        validation: float = 0.05,
        random_state: int | np.random.RandomState | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.cell = cell
        self.embedding_dim = embedding_dim
        self.hidden = hidden
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validation = validation
        self.random_state = random_state
        self.settings = settings

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> TextClassifier:
        """Train on N texts and their labels.

        Raises:
            ValueError: X and y differ in length, there is no text or only one class, or y is not
                one label a text.
            UserError: a setting is not one of `train classify`, or cannot be used.
        """
        texts = listed(X)
        targets = np.asarray(y)
        check_classification_targets(targets)
        if targets.ndim != 1:
            raise ValueError(f"y has the shape {targets.shape}: one label a text is expected")
        if len(texts) != len(targets):
            raise ValueError(f"X has {len(texts)} texts, and y {len(targets)} labels")
        classes, numbers = np.unique(targets, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y has one class only: {classes.tolist()}")
        folder = TemporaryDirectory(prefix="rnntool-")
        data = Path(folder.name) / "train.jsonl"
        names = _names(classes)
        _write_rows(data, texts, [names[n] for n in numbers])
        output = Path(folder.name) / "run"
        tasks.train("classify", [str(data)], str(output), self._settings(), QuietReporter())
        data.unlink()
        self.classes_: NDArray[Any] = classes
        self._open(folder)
        return self

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """[N] the likeliest label of each text.

        Raises:
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        best: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return best

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """[N, C] probabilities, in the order of `classes_`.

        Raises:
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        found = np.asarray(self.model_.predict_proba(X), dtype=np.float64)
        return found[:, self._columns]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained model as a run directory, for the commands and `rnntool.load`.

        Raises:
            NotFittedError: `fit` was not called.
            UserError: something is there already, or it cannot be written.
        """
        check_is_fitted(self)
        if Path(path).exists():
            raise UserError("exists already", where=path, hint="give another name")
        with write_directory(str(path)) as folder:
            shutil.copytree(self.model_.path, folder, dirs_exist_ok=True)

    def _settings(self) -> ClassifySettings:
        values = self.get_params(deep=False)
        further = dict(values.pop("settings") or {})
        _refuse_unknown(further)
        values["seed"] = _seed(values.pop("random_state"))
        values["validation"] = str(values["validation"])
        return build(ClassifySettings, values | further, where="TextClassifier")

    def _open(self, folder: TemporaryDirectory[str]) -> None:
        """Load the run in the folder, which is kept as long as the model."""
        self._folder = folder
        self.model_: Model = load(Path(folder.name) / "run")
        names = _names(self.classes_)
        self._columns = [self.model_.labels.index(name) for name in names]

    def __getstate__(self) -> dict[str, Any]:
        """A pickle contains the files of the run, not their path."""
        state = dict(super().__getstate__())
        if "model_" in state:
            files = (file for file in state["model_"].path.rglob("*") if file.is_file())
            root = state["model_"].path
            state["_files"] = {str(f.relative_to(root)): f.read_bytes() for f in files}
            for name in ("model_", "_folder", "_columns"):
                del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        files = state.pop("_files", None)
        super().__setstate__(state)
        if files is None:
            return
        folder = TemporaryDirectory(prefix="rnntool-")
        for name, content in files.items():
            place = Path(folder.name) / "run" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        self._open(folder)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.non_deterministic = self.random_state is None
        return tags


def _seed(state: int | np.random.RandomState | None) -> int:
    """A seed; if the state is not an integer, one drawn from it."""
    if isinstance(state, (int, np.integer)):
        return int(state)
    return int(check_random_state(state).randint(np.iinfo(np.int32).max))


def _names(classes: NDArray[Any]) -> list[str]:
    """A name for each class: its text, or a number for all if some text cannot be a label."""
    names = [str(value) for value in classes.tolist()]
    usable = all(name == " ".join(name.split()) != "" for name in names)
    if usable and len(set(names)) == len(names):
        return names
    return [str(n) for n in range(len(names))]


def _refuse_unknown(settings: Mapping[str, Any]) -> None:
    from rnntool.errors import one_of

    known = ClassifySettings.__dataclass_fields__
    for name in settings:
        if name not in known:
            raise UserError(f"train classify has no setting {name!r}", hint=one_of(name, known))


def _write_rows(path: Path, texts: list[str], labels: list[str]) -> None:
    with path.open("w", encoding="utf-8") as sink:
        for text, label in zip(texts, labels, strict=True):
            sink.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")
