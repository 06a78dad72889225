"""`rnntool plot`: pictures of runs and word vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.run_names import locate
from rnntool.formats.rundir import Run, read_metrics, require_task
from rnntool.formats.weights import read_weights
from rnntool.inspection.curves import draw_curves
from rnntool.inspection.figures import draw_confusion, draw_forecasts
from rnntool.inspection.fonts import warn_of_missing_font
from rnntool.inspection.word_map import draw_map
from rnntool.models.tensor_names import token_vectors
from rnntool.reporting import Reporter
from rnntool.reports.plot_settings import PlotSettings
from rnntool.runs.inference_settings import EvaluateSettings
from rnntool.runs.multi_label import MultiLabelReport
from rnntool.runs.open import open_run
from rnntool.text.vocabulary import SPECIALS


def plot(inputs: list[str], output: str, settings: PlotSettings, report: Reporter) -> None:
    """Draw learning curves, a confusion matrix (`--confusion`), a map (`--map`) or forecasts.

    Raises:
        UserError: a run or file cannot be used, or matplotlib is missing.
    """
    if settings.confusion is not None:
        _one(inputs, "--confusion")
        from rnntool.tasks.classify.evaluate import evaluate

        run = require_task(open_run(inputs[0]), "classify")
        result = evaluate(run, settings.confusion, EvaluateSettings(), report)
        if isinstance(result, MultiLabelReport):
            raise UserError("gives several labels per text, so it has no confusion matrix",
                            where=run.path, hint="use rnntool eval")  # fmt: skip
        labels = [c.label for c in result.classes]
        draw_confusion(result.confusion, labels, output, run.path.resolve().name)
    elif settings.forecast is not None:
        _one(inputs, "--forecast")
        from rnntool.tasks.forecast.evaluate import evaluate as evaluate_forecast

        run = open_run(inputs[0])
        compared = evaluate_forecast(run, settings.forecast, EvaluateSettings(), report)
        dates = compared.series.labels[compared.first :][: len(compared.truth)]
        draw_forecasts(dates, compared.truth[:, 0], compared.forecasts[:, 0], compared.targets,
                       output, run.path.resolve().name)  # fmt: skip
    elif settings.map:
        _one(inputs, "--map")
        words, vectors = _vectors(inputs[0], settings)
        way = {"pca": "PCA", "tsne": "t-SNE"}[settings.method]
        title = f"Word vectors of {Path(inputs[0]).resolve().name} in two dimensions ({way})"
        draw_map(_flat(vectors, settings), words, output, title)
    else:
        runs = [open_run(path) for path in inputs]
        for run in runs:
            run.note(report)
        _require_one_task(runs)
        histories = [read_metrics(run.path) for run in runs]
        curves = dict(zip(run_names(runs), histories, strict=True))
        draw_curves(curves, runs[0].config.task, output)
    warn_of_missing_font(report)
    report.note(f"wrote {output}")


def _require_one_task(runs: list[Run]) -> None:
    first = runs[0].config.task
    for run in runs:
        if run.config.task != first:
            raise UserError(
                f"was trained for {run.config.task!r}, but {runs[0].path} for {first!r}; their"
                " losses cannot be compared", where=run.path, hint="draw them separately",
            )  # fmt: skip


def run_names(runs: list[Run]) -> list[str]:
    """The runs' names; if two are equal, with as many parent folders as needed."""
    parts = [run.path.resolve().parts[1:] for run in runs]
    for length in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(own[-length:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{name} ({n})" for n, name in enumerate(names, 1)]  # the same run, given twice


def _one(inputs: list[str], flag: str) -> None:
    if len(inputs) != 1:
        raise UserError(f"{flag} needs one input, not {len(inputs)}")


def _vectors(path: str, settings: PlotSettings) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The words to draw and their [N, D] vectors, from a run or from a file of vectors."""
    if locate(path).is_dir():
        run = open_run(path)
        table = token_vectors(read_weights(run.weights))
        if table is None:
            raise UserError("has no embedding", where=path, hint="give a run with word vectors")
        places = {word: n for n, word in enumerate(run.vocabulary.tokens) if word not in SPECIALS}
    else:
        from rnntool.formats.vectors import read_vectors

        vectors = read_vectors(path)
        table, places = vectors.vectors, dict(vectors.key_to_index)
    words = list(places)[: settings.top]
    if settings.words is not None:
        words = [word.strip() for word in settings.words.split(",")]
    missing = [word for word in words if word not in places]
    if missing:
        raise UserError(f"not in the vocabulary: {', '.join(missing)}", where=path)
    if len(words) < 3:
        raise UserError("a map needs at least three words")
    return words, np.asarray(table)[[places[word] for word in words]]


def _flat(vectors: np.ndarray[Any, Any], settings: PlotSettings) -> Any:
    if settings.method == "pca":
        centred = vectors - vectors.mean(axis=0)
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        return u[:, :2] * s[:2]
    from sklearn.manifold import TSNE

    near = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(perplexity=near, random_state=settings.seed, init="pca").fit_transform(vectors)
