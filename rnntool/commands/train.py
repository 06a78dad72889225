"""`rnntool train TASK`: a subcommand for each task in the registry, with its own settings."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnntool.commands._command import command, new_app
from rnntool.registry import TASKS
from rnntool.reporting import Reporter
from rnntool.tasks import Input
from rnntool.tasks import train as train_task
from rnntool.tasks.repeat import parse_seeds, train_repeatedly
from rnntool.training.settings import TrainingSettings

if TYPE_CHECKING:
    from rnntool.training.loop import Outcome

app = new_app("Train a recurrent network.")

# The figures of an epoch, in the order of the table, and their headings.
_COLUMNS = {
    "epoch": "epoch",
    "train_loss": "loss",
    "validation_loss": "validation loss",
    "validation_accuracy": "accuracy",
    "validation_macro_f1": "macro F1",
    "validation_micro_f1": "micro F1",
    "validation_f1": "F1",
    "validation_perplexity": "perplexity",
    "validation_forward_perplexity": "forward perplexity",
    "validation_backward_perplexity": "backward",
    "validation_rmse": "RMSE",
    "validation_mae": "MAE",
    "clipped_share": "clipped",
    "examples_per_second": "per second",
    "seconds": "seconds",
}


@app.callback(no_args_is_help=True)
def _tasks() -> None:
    """Train a recurrent network; `rnntool train TASK --help` shows a task's settings."""


def _register(task: str) -> None:
    """Add `train TASK`."""
    module = importlib.import_module(f"rnntool.tasks.{task}.settings")
    inputs: tuple[Input, ...] = module.INPUTS

    def run(
        output: Annotated[str, typer.Option("-o", "--output", help="Run directory to write.")],
        force: Annotated[bool, typer.Option("--force", help="Replace an existing run.")] = False,
        resume: Annotated[
            bool, typer.Option("--resume", help="Continue an interrupted training.")
        ] = False,
        seeds: Annotated[
            str | None,
            typer.Option("--seeds", help="Train one run for each of these seeds: 1,2,3."),
        ] = None,
        *,
        settings: TrainingSettings,
        report: Reporter,
        **given: Any,
    ) -> None:
        paths: list[str] = []
        for argument in inputs:
            value = given[argument.name]
            paths += value if argument.several else [value]
        folds: int = getattr(settings, "folds", 0)
        if seeds is not None or (folds and not getattr(settings, "fold", 0)):
            found = train_repeatedly(task, paths, output, settings, parse_seeds(seeds), report,
                                     force=force, resume=resume)  # fmt: skip
            for headings, rows in found.tables():
                report.table(headings, rows)
            return
        path, outcome = train_task(
            task, paths, output, settings, report, force=force, resume=resume
        )
        show_outcome(path, outcome, report)

    run.__doc__ = module.HELP
    run.__name__ = task
    flags = dict(inspect.signature(run, eval_str=True).parameters)
    del flags["given"]
    signature = inspect.Signature([*map(_argument, inputs), *flags.values()])
    run.__signature__ = signature  # type: ignore[attr-defined]
    command(app, task, getattr(module, TASKS[task].settings))(run)


def _argument(own: Input) -> inspect.Parameter:
    kind = list[str] if own.several else str
    annotation = Annotated[kind, typer.Argument(help=own.help)]  # type: ignore[valid-type]
    return inspect.Parameter(
        own.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation
    )


def show_outcome(path: Path, outcome: Outcome, report: Reporter) -> None:
    """Show a table of the epochs, with a mark at the best one, and where the run is.

    On standard error: the result of a training is a directory, not data for a pipe.
    """
    columns = {key: name for key, name in _COLUMNS.items() if key in outcome.best}
    report.table(
        ["", *columns.values()],
        [
            ["*" if entry is outcome.best else "", *(entry[key] for key in columns)]
            for entry in outcome.history
        ],
    )
    early = ", stopped early" if outcome.stopped_early else ""
    best = outcome.best["epoch"]
    report.note(f"{path}: kept epoch {best}; trained for {outcome.seconds:.0f} s{early}")


for name in TASKS:
    _register(name)
