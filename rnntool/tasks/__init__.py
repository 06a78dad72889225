"""The tasks: what can be trained, one package each.

classify    a label for each text                       many to one
tag         a tag for each token                        many to many, aligned
lm          each token predicts the next                many to many, shifted
bilm        the same in both directions, to embed with and to fine-tune from
seq2seq     a text for each text                        many to many, by encoder and decoder
caption     a text for each vector                      one to many
forecast    the next values of a series                 many to one, with numbers

A task defines its data, its batches, its loss, and its validation figures. It has no training loop:
training/loop.py gets batches, losses and figures from its `Task`, and runs/train.py does the rest
(folder, device, processes, results). Files with the same role have the same name in every package,
and a package has only the files that it needs:

settings.py   the settings of `train TASK`, its inputs and its help
data.py       reads the inputs: numbers, vocabulary, validation split
task.py       batches, loss and validation: the `Task` that the loop asks
train.py      `prepare_job`: from inputs and settings to a `Job` (model, task, files of the run)
load.py       a run directory opened in torch
predict.py    `predict`: the answers of `rnntool predict`, without torch where NumPy can
evaluate.py   `evaluate`: the figures of `rnntool eval`
compare.py    `compare`: the results of two runs on the same rows, for `rnntool compare`
score.py      `score`: the log-probability of each line, for `rnntool score`
fill.py       `open_filler`: the likeliest words in a gap, for `rnntool fill`

To add a task: write such a package, with `prepare_job` in its train.py, and one entry in
registry.TASKS. `train TASK`, `search`, checkpoints, `--resume`, several processes and the tests
over the registry come with that entry. `eval`, `predict`, `compare`, `score` and `fill`
find evaluate.py, predict.py, compare.py, score.py and fill.py by their names, if the entry says
that they take the task's runs. If the task needs a new PyTorch module, that goes into models/.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO

from rnntool.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rnntool.formats.rundir import Run
    from rnntool.reporting import Reporter
    from rnntool.runs.cloze import Filling
    from rnntool.runs.filling import Likeliest
    from rnntool.runs.inference_settings import (
        CompareSettings,
        EvaluateSettings,
        FillSettings,
        PredictSettings,
        ScoreSettings,
    )
    from rnntool.runs.paired import Paired
    from rnntool.training.loop import Outcome
    from rnntool.training.settings import TrainingSettings


class Input(NamedTuple):
    """A positional argument of `train TASK`."""

    name: str
    help: str
    several: bool = False


class Figures(Protocol):
    """The figures of an evaluation."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""

    def tables(self) -> list[tuple[list[str], list[list[Any]]]]:
        """Headings and rows of each table to print."""


def train(
    task: str,
    inputs: list[str],
    output: str,
    settings: TrainingSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train a task into a run directory.

    Args:
        task: its name, one of registry.TASKS.
        inputs: paths, or `-`, one for each of the task's INPUTS.
        output: the run directory; `OUTPUT.partial` while the training runs.
        settings: the settings of the task.
        force: replace an existing run.
        resume: continue from the checkpoint of an interrupted training, if there is one.

    Returns:
        The run directory and the outcome of the training.

    Raises:
        UserError: settings contradict each other, an input cannot be used, or the loss is not
            finite.
    """
    from rnntool.runs.train import train_run

    settings.check()
    prepare_job = importlib.import_module(f"rnntool.tasks.{task}.train").prepare_job
    return train_run(
        output,
        settings,
        lambda folder: prepare_job(inputs, settings, folder, report),
        report,
        force=force,
        resume=resume,
    )


def evaluate(run: str, data: str, settings: EvaluateSettings, report: Reporter) -> Figures:
    """Score a run directory on new data, with the figures of its task.

    Raises:
        UserError: run or data cannot be used, or a setting does not apply to the run's task.
    """
    opened = _open(run, "eval", settings, report)
    figures: Figures = _role(opened, "evaluate").evaluate(opened, data, settings, report)
    return figures


def predict(
    run: str, inputs: list[str], sink: TextIO, settings: PredictSettings, report: Reporter
) -> int:
    """Write the answers to the inputs in order, and flush them as they are computed.

    Returns:
        The number of answers.

    Raises:
        UserError: run or an input cannot be used, or a setting does not apply to the run's task.
    """
    opened = _open(run, "predict", settings, report)
    count: int = _role(opened, "predict").predict(opened, inputs, sink, settings, report)
    return count


def score(
    run: str, inputs: list[str], sink: TextIO, settings: ScoreSettings, report: Reporter
) -> None:
    """Write each line's log-probability by a language model, one line per input line.

    Raises:
        UserError: run or an input cannot be used.
    """
    opened = _open(run, "score", settings, report)
    _role(opened, "score").score(opened, inputs, sink, settings, report)


def fill(
    run: str, source: str, settings: FillSettings, report: Reporter
) -> Iterator[Filling | Likeliest]:
    """The choices or likeliest words for the gap of each text, in order.

    Args:
        source: a file or `-`; not read if the settings contain a text.

    Raises:
        UserError: run or a text cannot be used.
    """
    from rnntool.formats.corpus import CorpusOptions
    from rnntool.runs.cloze import Gap, parse_choices, read_gaps
    from rnntool.runs.filling import fill_gaps
    from rnntool.text.gap import split_gap

    opened = _open(run, "fill", settings, report)
    choices = () if settings.choices is None else parse_choices(settings.choices, "--choices")
    options = CorpusOptions(settings.format, settings.text_column, None, settings.encoding)
    gaps: Iterable[Gap] = read_gaps(source, choices, options)
    if settings.text is not None:
        gaps = [Gap("--text", settings.text, *split_gap(settings.text, "--text"), choices)]
    filler = _role(opened, "fill").open_filler(opened, settings, report)
    return fill_gaps(opened, filler, gaps, settings, report)


def compare(a: str, b: str, data: str, settings: CompareSettings, report: Reporter) -> Paired:
    """Compare the results of two runs of one task on the same rows.

    Raises:
        UserError: a run or the data cannot be used, or the runs differ in task or labels.
    """
    from rnntool.errors import UserError
    from rnntool.formats.reading import STREAM

    if data == STREAM:
        raise UserError("is read once, and each run reads the data", where="standard input",
                        hint="give a file")  # fmt: skip
    runs = [_open(path, "compare", settings, report) for path in (a, b)]
    for name, own, other in (
        ("task", runs[0].config.task, runs[1].config.task),
        ("labels", *(", ".join(sorted(run.labels)) for run in runs)),
    ):
        if own != other:
            raise UserError(
                f"{name} {shortened(other)!r}, but {a} has {shortened(own)!r}", where=b,
                hint=f"runs of the same {name} compare",
            )  # fmt: skip
    found: Paired = _role(runs[0], "compare").compare(*runs, data, settings, report)
    return found


def _open(path: str, command: str, settings: Any, report: Reporter) -> Run:
    from rnntool.configuration import refuse_foreign
    from rnntool.formats.rundir import require_command
    from rnntool.runs.open import open_run

    run = require_command(open_run(path), command)
    refuse_foreign(settings, run.config.task, path)
    run.note(report)
    return run


def _role(run: Run, role: str) -> Any:
    return importlib.import_module(f"rnntool.tasks.{run.config.task}.{role}")
