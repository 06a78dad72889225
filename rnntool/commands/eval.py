"""`rnntool eval`."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnntool.commands._command import command, new_app
from rnntool.configuration import refuse_foreign
from rnntool.errors import UserError
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EvaluateSettings

if TYPE_CHECKING:
    from rnntool.runs.metrics import ClassificationReport
    from rnntool.tasks.tag.evaluate import TaggingReport

app = new_app("Score a trained run on data that it has not seen.")


@command(app, "eval", EvaluateSettings)
def evaluate(
    run: Annotated[str, typer.Argument(help="Run directory.")],
    data: Annotated[
        str,
        typer.Argument(help="What the task is scored on: labelled data, text, pairs, a series."),
    ],
    errors: Annotated[
        str | None,
        typer.Option("--errors", help="Write the misclassified rows, most confident first."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    *,
    settings: EvaluateSettings,
    report: Reporter,
) -> None:
    """Score a trained run on data that it has not seen, by the figures that fit its task.

    Classifiers and taggers: accuracy, each class, calibration. Language models: perplexity, bits a
    character. Pairs: BLEU, chrF, perplexity. Series: MAE and RMSE beside two baselines.

    Example: rnntool eval runs/lstm ratings_test.txt --errors wrong.tsv
    """
    from rnntool.formats.rundir import open_run

    task = open_run(run).config.task
    refuse_foreign(settings, task, run)
    if errors is not None and task != "classify":
        raise UserError(f"--errors is for classifiers, and this was trained for {task!r}",
                        where=run)  # fmt: skip
    if task == "classify":
        from rnntool.tasks.classify.evaluate import evaluate as score

        classified = score(run, data, settings, report, errors)
        _show(classified.as_dict(), json, lambda _: _print_classes(classified))
    elif task == "tag":
        from rnntool.tasks.tag.evaluate import evaluate_tagger

        tagged = evaluate_tagger(run, data, settings, report)
        _show(tagged.as_dict(), json, lambda _: _print_tags(tagged))
    elif task == "forecast":
        from rnntool.tasks.forecast.evaluate import evaluate_forecast

        _show(evaluate_forecast(run, data, settings, report).as_dict(), json, _print_forecasts)
    else:
        _show(_text_figures(task, run, data, settings, report), json, _print_figures)


def _text_figures(
    task: str, run: str, data: str, settings: EvaluateSettings, report: Reporter
) -> dict[str, Any]:
    """Figures of what writes text."""
    if task == "seq2seq":
        from rnntool.tasks.seq2seq.evaluate import evaluate_seq2seq

        return evaluate_seq2seq(run, data, settings, report).as_dict()
    if task == "bilm":
        from rnntool.tasks.bilm.evaluate import evaluate_bilm

        return evaluate_bilm(run, data, settings, report)
    if task == "caption":
        from rnntool.tasks.caption.evaluate import evaluate_caption

        return evaluate_caption(run, data, settings, report)
    from rnntool.tasks.lm.evaluate import evaluate_language_model
    from rnntool.tasks.lm.load import load_language_model

    trained = load_language_model(run, settings.device, settings.threads)
    return evaluate_language_model(trained, data, settings, report).as_dict()


def _show(
    figures: dict[str, Any], json: bool, print_tables: Callable[[dict[str, Any]], None]
) -> None:
    if json:
        sys.stdout.write(json_module.dumps(figures, ensure_ascii=False) + "\n")
    else:
        print_tables(figures)


def _print_figures(figures: dict[str, Any]) -> None:
    from rnntool.commands._tables import print_table

    print_table(("figure", "value"), list(figures.items()))


def _print_forecasts(figures: dict[str, Any]) -> None:
    from rnntool.commands._tables import print_table

    print_table(
        (f"rows {figures['rows']}", "MAE", "RMSE"),
        [(name, f["mae"], f["rmse"]) for name, f in figures["figures"].items()],
    )


def _print_tags(result: TaggingReport) -> None:
    from rnntool.commands._tables import print_table

    _print_figures({
        name: value for name, value in result.as_dict().items()
        if name != "by_tag" and value is not None
    })  # fmt: skip
    print_table(
        ("tag", "precision", "recall", "f1", "support"),
        [(c.label, c.precision, c.recall, c.f1, c.support) for c in result.by_tag.classes],
    )


def _print_classes(result: ClassificationReport) -> None:
    from rnntool.commands._tables import print_table

    names = ("documents", "accuracy", "macro_f1", "loss", "calibration_error")
    print_table(names, [[getattr(result, name) for name in names]])
    print_table(
        ("class", "precision", "recall", "f1", "support"),
        [(c.label, c.precision, c.recall, c.f1, c.support) for c in result.classes],
    )
    labels = [c.label for c in result.classes]
    print_table(
        ("true \\ predicted", *labels),
        [(label, *row) for label, row in zip(labels, result.confusion, strict=True)],
    )
