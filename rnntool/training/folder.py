"""The folder a training writes into: `OUTPUT.partial` until all is there, then `OUTPUT`.

So `OUTPUT` is always a whole run, and an interrupted training can go on where it stood.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, RunConfig, read_config, write_config
from rnntool.formats.writing import explain_os_errors, refuse_existing, replace_directory
from rnntool.training.loop import CHECKPOINT

# Settings that may change between the parts of one training: they change no result that matters.
_FREE = ("threads", "device", "precision", "patience", "checkpoint_every", "checkpoint_steps")


def partial_path(output: str) -> Path:
    """Where a training that shall become `output` stands while it runs."""
    target = Path(output)
    return target.with_name(target.name + ".partial")


class TrainingFolder:
    """A run directory under way."""

    def __init__(self, path: Path, output: Path) -> None:
        self.path, self.output = path, output
        self.resumes = (path / CHECKPOINT).is_dir() and (path / CONFIG).is_file()

    def begin(self, config: RunConfig) -> None:
        """Note what is trained, or check that an interrupted training was of the same.

        Raises:
            UserError: settings or inputs differ from those the training began with.
        """
        if self.resumes:
            _refuse_changes(read_config(self.path), config, self.path)
        else:
            write_config(self.path, config)

    def finish(self, config: RunConfig) -> None:
        """Give the folder its name: the run is whole."""
        write_config(self.path, config)
        shutil.rmtree(self.path / CHECKPOINT, ignore_errors=True)
        replace_directory(self.path, self.output)


@contextmanager
def training_directory(output: str, *, force: bool, resume: bool) -> Iterator[TrainingFolder]:
    """The folder for a training whose result shall be `output`.

    On an error or Ctrl-C the folder stays if it holds a checkpoint, and goes if it holds none.

    Raises:
        UserError: `output` exists, or an interrupted training stands beside it, and neither
            `force` (start anew) nor `resume` (go on) says what to do; it cannot be written.
    """
    target, partial = Path(output), partial_path(output)
    refuse_existing(output, force)
    if partial.exists() and not resume:
        with _alone(partial):
            if not force:
                raise UserError(
                    "an interrupted training is here",
                    where=partial,
                    hint="give --resume to go on with it or --force to start anew",
                )
            shutil.rmtree(partial)
    with explain_os_errors(output):
        partial.mkdir(parents=True, exist_ok=True)
    with _alone(partial):
        folder = TrainingFolder(partial, target)
        try:
            with explain_os_errors(output):
                yield folder
        finally:
            if partial.is_dir() and not (partial / CHECKPOINT).is_dir():
                shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that no second process trains into it; the kernel lets go of it at death.

    Raises:
        UserError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nothing is held there
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("another process is training here", where=folder,
                            hint="wait for it, or choose another output") from None  # fmt: skip
        yield
    finally:
        os.close(held)


def _refuse_changes(old: RunConfig, new: RunConfig, path: Path) -> None:
    pairs: list[tuple[str, Any, Any]] = [("task", old.task, new.task)]
    for key, value in new.settings.items():
        if key not in _FREE:
            pairs.append((key, old.settings.get(key), value))
    pairs += [(f"sha256 of {key}", _sha(old, key), _sha(new, key)) for key in new.inputs]
    for name, before, now in pairs:
        if before != now:
            raise UserError(
                f"{name} was {before!r} when this training began and is {now!r} now",
                where=path,
                hint="go on with what it began with, or give --force to start anew",
            )


def _sha(config: RunConfig, key: str) -> Any:
    entry = config.inputs.get(key)
    return entry.get("sha256") if isinstance(entry, dict) else entry
