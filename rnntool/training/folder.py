"""The folder a training writes into: `OUTPUT.partial` until all is there, then `OUTPUT`.

So `OUTPUT` is always a whole run, and an interrupted training can go on where it stood.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.run_folder import partial_path, require_replaceable, strangers
from rnntool.formats.rundir import (
    CHECKPOINT,
    CONFIG,
    EPOCHS,
    METRICS,
    WEIGHTS,
    RunConfig,
    read_config,
    write_config,
)
from rnntool.formats.writing import explain_os_errors, replace_directory

# Settings that may change between the parts of one training: they change no result that matters.
_FREE = (
    "threads", "device", "precision", "patience", "checkpoint_every", "checkpoint_steps", "workers",
)  # fmt: skip


class TrainingFolder:
    """A run directory under way.

    Attributes:
        done: the run is there already, of the same settings and inputs: nothing is to be trained.
    """

    def __init__(self, path: Path, output: Path, *, force: bool, resume: bool) -> None:
        self.path, self.output, self.force, self.resume = path, output, force, resume
        self.done = False

    def begin(self, config: RunConfig) -> None:
        """Note what is trained, or check that what is there is of the same.

        Raises:
            UserError: settings or inputs differ from those of the interrupted training that is to
                go on, or of the finished run, and `force` is not given.
        """
        if self.resume and (self.output / CONFIG).is_file():
            difference = _finished_difference(read_config(self.output), config)
            if difference is None:
                self.done = True
                return
            self._refuse(difference, self.output, "give --resume --force to train it anew")
        if self._interrupted:
            difference = self._interrupted_difference(config)
            if difference is not None:
                hint = "go on with what it began with, or give --resume --force to start anew"
                self._refuse(difference, self.path, hint)
                self._clear()
        write_config(self.path, config)

    def finish(self, config: RunConfig) -> None:
        """Give the folder its name: the run is whole.

        Raises:
            UserError: what stands in its place may not be replaced.
        """
        require_replaceable(self.output, self.force)
        write_config(self.path, config)
        shutil.rmtree(self.path / CHECKPOINT, ignore_errors=True)
        replace_directory(self.path, self.output)

    def touch(self) -> None:
        """Make the finished run newer than its inputs, for make."""
        os.utime(self.output / CONFIG)

    @property
    def _interrupted(self) -> bool:
        return (self.path / CHECKPOINT).is_dir() and (self.path / CONFIG).is_file()

    def _refuse(self, difference: str, where: Path, hint: str) -> None:
        if not self.force:
            raise UserError(difference, where=where, hint=hint)

    def _interrupted_difference(self, config: RunConfig) -> str | None:
        old = read_config(self.path)
        before, wanted = old.settings.get("epochs"), config.settings.get("epochs")
        if before != wanted and not self._can_end_after(config):
            return (
                f"began with --epochs {before}, over which --schedule one-cycle spreads its"
                f" learning rate; it cannot go on to {wanted}"
            )
        for name, was, now in _pairs(old, config, leave_out=("epochs",)):
            if was != now:
                return f"{name} was {was!r} when this training began and is {now!r} now"
        return None

    def _can_end_after(self, config: RunConfig) -> bool:
        """Whether the training can end after so many epochs, though it began with others."""
        state = json.loads((self.path / CHECKPOINT / "state.json").read_text(encoding="utf-8"))
        over = int(config.settings["epochs"]) <= state["position"]["epoch"]
        return over or config.settings.get("schedule") != "one-cycle"

    def _clear(self) -> None:
        """Leave of an interrupted training nothing that a new one would go on with."""
        for name in (CHECKPOINT, EPOCHS):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in (WEIGHTS, METRICS):
            (self.path / name).unlink(missing_ok=True)


@contextmanager
def training_directory(output: str, *, force: bool, resume: bool) -> Iterator[TrainingFolder]:
    """The folder for a training whose result shall be `output`.

    On an error or Ctrl-C the folder stays if it holds a checkpoint, and goes if it holds none.

    Args:
        force: a run that stands in the way may be replaced.
        resume: an interrupted training goes on; a finished run of the same stays.

    Raises:
        UserError: what is at `output`, or an interrupted training beside it, may not be replaced,
            or it cannot be written.
    """
    partial = partial_path(_named(output))
    # With `resume`, a run that is there is looked at once the inputs are known.
    require_replaceable(output, force or resume)
    if partial.exists() and not resume:
        with _alone(partial):
            _remove_interrupted(partial, force)
    with explain_os_errors(output):
        partial.mkdir(parents=True, exist_ok=True)
    with _alone(partial):
        folder = TrainingFolder(partial, Path(output), force=force, resume=resume)
        try:
            with explain_os_errors(output):
                yield folder
        finally:
            if partial.is_dir() and not (partial / CHECKPOINT).is_dir() and not strangers(partial):
                shutil.rmtree(partial, ignore_errors=True)


def _named(output: str) -> str:
    """The output, if a folder can have its name.

    Raises:
        UserError: it is `.`, `..` or ends in one.
    """
    if Path(output).name in ("", ".."):
        raise UserError("is no name for a run", where=output,
                        hint="give it a name of its own, such as runs/lstm")  # fmt: skip
    return output


def _remove_interrupted(partial: Path, force: bool) -> None:
    if not force:
        raise UserError("an interrupted training is here", where=partial,
                        hint="give --resume to go on with it or --force to start anew")  # fmt: skip
    found = strangers(partial)
    if found:
        raise UserError(f"holds what no training wrote ({', '.join(found[:3])}); it is left as it"
                        " is", where=partial, hint="move that away")  # fmt: skip
    shutil.rmtree(partial)


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


def _finished_difference(old: RunConfig, new: RunConfig) -> str | None:
    """In what a finished run differs from what is asked for; None: in nothing."""
    for name, was, now in _pairs(old, new):
        if was != now:
            return f"is a finished run whose {name} was {was!r}, and it is {now!r} now"
    streams = [key for key in new.inputs if _is_stream(new, key)]
    if streams:
        return f"is a finished run, and {streams[0]}, from standard input, may be other data now"
    return None


def _pairs(
    old: RunConfig, new: RunConfig, leave_out: tuple[str, ...] = ()
) -> list[tuple[str, Any, Any]]:
    """What must be the same in two trainings: name, before, now."""
    pairs: list[tuple[str, Any, Any]] = [("task", old.task, new.task)]
    pairs += [
        (key, old.settings.get(key), value)
        for key, value in new.settings.items()
        if key not in (*_FREE, *leave_out)
    ]
    return [*pairs, *((f"sha256 of {key}", _sha(old, key), _sha(new, key)) for key in new.inputs)]


def _sha(config: RunConfig, key: str) -> Any:
    entry = config.inputs.get(key)
    return entry.get("sha256") if isinstance(entry, dict) else entry


def _is_stream(config: RunConfig, key: str) -> bool:
    entry = config.inputs[key]
    return isinstance(entry, dict) and entry.get("sha256") is None
