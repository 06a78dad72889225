"""`train lm`."""

from __future__ import annotations

from pathlib import Path

from rnntool.configuration import as_dict
from rnntool.errors import UserError
from rnntool.formats.rundir import RunConfig
from rnntool.reporting import Reporter
from rnntool.runs.initial_weights import open_start
from rnntool.runs.load import restore_weights
from rnntool.runs.provenance import library_versions
from rnntool.runs.train import Job, train_run
from rnntool.tasks.lm.data import input_files, prepare_text
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.lm.task import LMTask, build_model
from rnntool.training.loop import Outcome


def train_language_model(
    inputs: list[str],
    output: str,
    settings: LMSettings,
    report: Reporter,
    *,
    force: bool = False,
    resume: bool = False,
) -> tuple[Path, Outcome]:
    """Train on text files into a run directory.

    Args:
        inputs: text, tables or tokens files, or `-`; they are read as one text, in order.
        output: the run directory; `OUTPUT.partial` while the training runs.
        resume: go on from an interrupted training's checkpoint, if there is one.

    Returns:
        The run directory and what the training came to.

    Raises:
        UserError: an input cannot be used, or the loss is not finite.
    """
    check_settings(settings)

    def job(folder: Path) -> Job:
        text = prepare_text(inputs, settings, folder, report)
        model = build_model(settings, len(text.vocabulary))
        if settings.init_from is not None:
            restore_weights(model, open_start(settings.init_from, text.vocabulary))
        config = RunConfig(
            "lm", as_dict(settings), text.unit.spec.identity,
            input_files(inputs, settings, init_from=settings.init_from), library_versions(),
        )  # fmt: skip
        return Job(
            model, LMTask(text, settings, report), settings, config, text.write,
            {"training_tokens": text.train_stop}, text.close,
        )  # fmt: skip

    return train_run(output, settings, job, report, force=force, resume=resume)


def check_settings(settings: LMSettings) -> None:
    """Raise a UserError where two settings exclude each other."""
    if settings.tie_weights and settings.input == "one-hot":
        raise UserError("--tie-weights needs --input embedding")
    if settings.tie_weights and settings.softmax == "adaptive":
        raise UserError("--tie-weights needs --softmax full")
    if settings.stateless and settings.lines and settings.epoch_steps:
        raise UserError("--epoch-steps counts chunks of running text, not documents")
