"""What a new run may replace: another run, but no file that a training did not write."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rnntool.errors import UserError
from rnntool.formats.rundir import CHECKPOINT, EPOCHS, FILES, PARTIAL, read_config

IDS, VALIDATION_IDS = "ids.bin", "validation.bin"  # token numbers, kept while a training runs
_FILES = (*FILES, IDS, VALIDATION_IDS)
_FOLDERS = {
    EPOCHS: re.compile(r"\d+\.safetensors"),
    CHECKPOINT: re.compile(r"tensors\.safetensors|state\.json"),
}


def partial_path(output: str) -> Path:
    """The folder in which a training works before it becomes `output`."""
    target = Path(output)
    return target.with_name(target.name + PARTIAL)


def size_of(folder: Path) -> int:
    """Bytes of a run directory's files, without its folders (checkpoints and epochs)."""
    return sum(place.stat().st_size for place in folder.iterdir() if place.is_file())


def require_replaceable(path: str | Path, force: bool) -> None:
    """Make sure that writing a run to `path` deletes nothing, except a run with `force`.

    Raises:
        UserError: there is a file, a link, a folder that is not a run, a run with the user's files
            in it, or a run and `force` is not given.
    """
    target = Path(path)
    if not os.path.lexists(target):
        return
    if target.is_symlink():
        raise UserError("is a link", where=path, hint="give the folder itself, or another name")
    if not target.is_dir():
        raise UserError("is a file, not a folder", where=path, hint="give another name")
    if target.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise UserError("is the current folder, or one above it", where=path,
                        hint="give another name, such as runs/lstm")  # fmt: skip
    if not any(target.iterdir()):
        return
    _require_run(target)
    if not force:
        raise UserError("exists already", where=path, hint="give --force to replace it")


def _require_run(folder: Path) -> None:
    try:
        read_config(folder)
    except UserError:
        raise UserError(
            "is a folder with other files, not a run, so it is not replaced",
            where=folder, hint=f"give another name, such as {folder}/lstm",
        ) from None  # fmt: skip
    found = strangers(folder)
    if found:
        raise UserError(
            f"is a run with files that no training wrote ({', '.join(found[:3])}), so it is not"
            " replaced", where=folder, hint="move these files away, or give another name",
        )  # fmt: skip


def require_no_strangers(folder: Path) -> None:
    """Raise a UserError if a training's folder exists and contains the user's files."""
    found = strangers(folder) if folder.is_dir() else []
    if found:
        raise UserError(f"contains files that no training wrote ({', '.join(found[:3])}), so it is"
                        " kept", where=folder, hint="move these files away")  # fmt: skip


def strangers(folder: Path) -> list[str]:
    """The files in a run directory or a training's folder that no training wrote."""
    found = []
    for entry in sorted(folder.iterdir()):
        known = _FOLDERS.get(entry.name)
        if known is not None and entry.is_dir() and not entry.is_symlink():
            found += [f"{entry.name}/{own.name}" for own in sorted(entry.iterdir())
                      if not known.fullmatch(own.name)]  # fmt: skip
        elif entry.name not in _FILES and not _is_leftover(entry.name):
            found.append(entry.name)
    return found


def _is_leftover(name: str) -> bool:
    """Whether a file or folder is a temporary one of a training that was killed."""
    own = "|".join(map(re.escape, (*_FILES, *_FOLDERS)))
    return re.fullmatch(rf"\.({own})\..+", name) is not None
