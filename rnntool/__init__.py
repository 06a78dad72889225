"""rnntool: recurrent networks for text, as commands that read and write files.

The packages, in the order in which a review passes through them. A package imports only from those
above it in this list; tests/test_rooms.py checks this.

    errors, machine, registry, configuration, reporting, …   used by every package
    cells/       the equations of RNN, LSTM and GRU in NumPy: one step forward, and its backward
    text/        tokenizers, units, vocabulary
    formats/     one kind of file each: corpus, vocabulary, vectors, run directory, weights
    data/        from files to numbers: tokenizing in processes, batches, chunks of a long text
    embeddings/  CBOW and skip-gram through gensim
    models/      PyTorch modules; tensor_names.py knows the names of their weights
    inference/   trained models in NumPy: predictions without importing torch
    generation/  from a model's probabilities to text: sampling, greedy, beam search
    training/    the only training loop: optimizer, schedule, checkpoints, several processes
    runs/        code that all tasks share around a run: train it, open it, use it
    tasks/       one package per task; its __init__.py explains tasks and how to add one
    inspection/  gradients, gates, units, explanations, and the contents of a run
    reports/     pictures and pages about runs
    api/         what `import rnntool` gives a script: load, and a class for each task
    sklearn/     a scikit-learn estimator that trains and loads classifiers
    commands/    the command line: one file per subcommand, which parses and calls the others

Data: sample/ (reviews to try the tool with), and pretrained/ (the bundled models).

A review goes from `train classify` (commands/train.py) through tasks/__init__.py, runs/train.py and
tasks/classify/ (data.py, task.py, train.py) to a step of training/loop.py; and from standard input
through commands/predict.py, tasks/classify/predict.py and inference/classifier.py to its label.

In Python: `model = rnntool.load("runs/gru")`, then `model.predict(texts)`; see api/model.py.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, whose import would take half of the time
if TYPE_CHECKING:
    from typing import Any

    from rnntool.api.model import Model, load
    from rnntool.errors import UserError

__all__ = ["Model", "UserError", "__version__", "load"]
__version__ = "0.1.0"

_PLACES = {"Model": "rnntool.api.model", "load": "rnntool.api.model", "UserError": "rnntool.errors"}


def __getattr__(name: str) -> Any:
    """Import what a script asks for when it asks: `import rnntool` and `--help` stay instant."""
    import importlib

    if name not in _PLACES:
        raise AttributeError(f"module 'rnntool' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
