"""The folder of a training: `OUTPUT.partial` until the run is complete, then `OUTPUT`.

Thus `OUTPUT` is always a complete run, and an interrupted training can continue.
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
from rnntool.formats.run_folder import (
    partial_path,
    require_no_strangers,
    require_replaceable,
    strangers,
)
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

# Settings that may change when a training continues, since they do not affect the result.
_FREE = (
    "threads", "device", "precision", "patience", "checkpoint_every", "checkpoint_steps", "workers",
)  # fmt: skip


class TrainingFolder:
    """The run directory of a training in progress.

    Attributes:
        done: a run with the same settings and inputs exists already, so there is nothing to train.
    """

    def __init__(self, path: Path, output: Path, *, force: bool, resume: bool) -> None:
        self.path, self.output, self.force, self.resume = path, output, force, resume
        self.done = False

    def begin(self, config: RunConfig) -> None:
        """Write the configuration, or compare it with that of an existing training.

        Raises:
            UserError: settings or inputs differ from those of the interrupted training or the
                finished run, and `force` is not given.
        """
        if self.resume and (self.output / CONFIG).is_file():
            difference = _finished_difference(read_config(self.output), config)
            if difference is None:
                self.done = True
                return
            self._refuse(difference, self.output, "give --resume --force to train it again")
        if self._interrupted:
            difference = self._interrupted_difference(config)
            if difference is not None:
                hint = "use the original values, or give --resume --force to start again"
                self._refuse(difference, self.path, hint)
                self._clear()
        write_config(self.path, config)

    def finish(self, config: RunConfig) -> None:
        """Rename the folder to its final name, since the run is complete.

        Raises:
            UserError: something exists under that name that may not be replaced.
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
        done = int(read_position(self.path)["epoch"])
        over = int(config.settings["epochs"]) <= done
        if before != wanted and not over and config.settings.get("schedule") == "one-cycle":
            end = f" (--epochs {done} ends it with what is trained)" if done else ""
            return (
                f"started with --epochs {before}, which --schedule one-cycle uses for its learning"
                f" rate; it cannot continue with --epochs {wanted}{end}"
            )
        for name, was, now in _pairs(old, config, leave_out=("epochs",)):
            if was != now:
                return f"{name} was {was!r} when this training started, but is {now!r} now"
        return None

    def _clear(self) -> None:
        """Remove everything of an interrupted training that a new one would continue from."""
        for name in (CHECKPOINT, EPOCHS):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in (WEIGHTS, METRICS):
            (self.path / name).unlink(missing_ok=True)


def read_position(folder: Path) -> dict[str, Any]:
    """How far an interrupted training is: the values of `checkpoint.Position`, without torch.

    Raises:
        UserError: its checkpoint is damaged.
    """
    path = folder / CHECKPOINT / "state.json"
    try:
        position: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["position"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"damaged checkpoint: {error}", where=path) from None
    return position


@contextmanager
def training_directory(output: str, *, force: bool, resume: bool) -> Iterator[TrainingFolder]:
    """The folder of a training that creates the run `output`.

    After an error or Ctrl-C, the folder is kept if it has a checkpoint, and removed otherwise.

    Args:
        force: replace an existing run.
        resume: continue an interrupted training; keep a finished run with the same settings.

    Raises:
        UserError: `output` or an interrupted training exists and may not be replaced, or the
            folder cannot be written.
    """
    partial = partial_path(_named(output))
    # With `resume`, an existing run is checked later, when the inputs are known.
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
    """The output, if it is a possible name for a folder.

    Raises:
        UserError: it is `.` or `..`, or ends with one of them.
    """
    if Path(output).name in ("", ".."):
        raise UserError("cannot be the name of a run", where=output,
                        hint="give a name such as runs/lstm")  # fmt: skip
    return output


def _remove_interrupted(partial: Path, force: bool) -> None:
    if not force:
        raise UserError("is an interrupted training", where=partial,
                        hint="give --resume to continue it, or --force to start again")  # fmt: skip
    require_no_strangers(partial)
    shutil.rmtree(partial)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder, so that no second process trains into it; the lock ends with the process.

    Raises:
        UserError: another process has locked it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: no lock
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
    """The first difference between a finished run and the requested training, or None."""
    if old.compressed:
        return "is a compressed run, and no training can go on from rounded weights"
    for name, was, now in _pairs(old, new):
        if was != now:
            return f"is a finished run with {name} {was!r}, but it is {now!r} now"
    streams = [key for key in new.inputs if _is_stream(new, key)]
    if streams:
        return f"is a finished run, but {streams[0]} comes from standard input and may differ now"
    return None


def _pairs(
    old: RunConfig, new: RunConfig, leave_out: tuple[str, ...] = ()
) -> list[tuple[str, Any, Any]]:
    """The values that must be equal in two trainings: name, old value, new value."""
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
