"""Writing files and folders completely or not at all.

A writer writes to a temporary name beside its target and renames it at the end. So a crash, Ctrl-C
or a full disk leaves the old file or the new one, never a part.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rnntool.errors import UserError
from rnntool.formats.compression import compressor
from rnntool.formats.reading import STREAM

_LINKS = 40  # the longest chain of links, as in Linux


@contextmanager
def write_binary(path: str) -> Iterator[BinaryIO]:
    """A file (or `-`, standard output) that gets its name when all of it is written.

    It is compressed if its name ends in .gz, .bz2, .xz or .zst.

    Raises:
        UserError: the place cannot be written, or the disk is full; nothing is left behind.
    """
    if path == STREAM:
        if sys.stdout is None:
            raise UserError("is closed", where="standard output", hint="write to a file with -o")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    _require_file_name(path)
    if is_special(path):  # it cannot be replaced by renaming
        with (
            explain_os_errors(path),
            _open_special(path) as sink,
            _compressing(path, sink) as whole,
        ):
            yield whole
        return
    target = os.path.realpath(path)  # a link stays a link, its target is replaced
    with explain_os_errors(path):
        handle, temporary = tempfile.mkstemp(
            prefix=f".{os.path.basename(target)}.", suffix=".part", dir=os.path.dirname(target)
        )
    try:
        with explain_os_errors(path):
            with os.fdopen(handle, "wb") as sink:
                with _compressing(target, sink) as whole:
                    yield whole
                sink.flush()
                os.fsync(sink.fileno())
            os.chmod(temporary, _mode_of(target))
            os.replace(temporary, target)
    except BaseException:
        _remove_quietly(temporary)
        raise


@contextmanager
def _compressing(target: str, sink: BinaryIO) -> Iterator[BinaryIO]:
    written = compressor(target, sink)
    yield written
    if written is not sink:
        written.close()


@contextmanager
def write_text(path: str) -> Iterator[TextIO]:
    """`write_binary`, as UTF-8 text with `\\n` line ends."""
    with write_binary(path) as sink:
        text = io.TextIOWrapper(sink, encoding="utf-8", newline="\n", write_through=path == STREAM)
        try:
            yield text
            text.flush()
        finally:
            _detach(text)


def _detach(text: Any) -> None:
    """Detach the underlying byte stream without closing it; a broken pipe cannot be flushed."""
    with suppress(OSError, ValueError):
        text.detach()


@contextmanager
def write_directory(path: str) -> Iterator[Path]:
    """A folder that gets its name, replacing an older one, when all of it is written.

    Raises:
        UserError: the place cannot be written.
    """
    target = Path(path)
    with explain_os_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with explain_os_errors(path):
            yield temporary
            temporary.chmod(0o777 & ~umask())
            replace_directory(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def replace_directory(new: Path, target: Path) -> None:
    """Replace `target` by the folder `new`; the old one is deleted when the new one is in place."""
    if not target.exists():
        os.replace(new, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    os.replace(target, old)  # an empty folder may be replaced
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)


def refuse_existing(path: str, force: bool) -> None:
    """Raise a UserError if the output file is there and `--force` is not given."""
    if path == STREAM:
        return
    _require_file_name(path)
    if os.path.lexists(path) and not force and not is_special(path):
        raise UserError("exists already", where=path, hint="give --force to replace it")


@contextmanager
def explain_os_errors(path: str) -> Iterator[None]:
    """Turn an OSError while writing `path` into a UserError that names the path."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = ""
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            hint = f"make the folder first: mkdir -p {os.path.dirname(path)}"
        reason = error.strerror or str(error)
        raise UserError(f"cannot be written: {reason}", where=path, hint=hint) from error


def _require_file_name(path: str) -> None:
    hint = "give a file name to write to"
    if not path:
        raise UserError("the output's name is empty", hint=hint)
    if os.path.isdir(path):
        raise UserError("is a folder", where=path, hint=hint)
    if path.endswith(os.sep):
        raise UserError("is a folder's name", where=path, hint=hint)


def is_special(path: str) -> bool:
    """Whether a path is a pipe, a device or an open file (/dev/stdout), to be written directly."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) or _descriptor(path) is not None


def _open_special(path: str) -> BinaryIO:
    descriptor = _descriptor(path)
    if descriptor is None:
        return open(path, "wb")
    return os.fdopen(os.dup(descriptor), "wb")  # opening it again would truncate or overwrite it


def _descriptor(path: str) -> int | None:
    """The descriptor of the open file that a path such as /dev/stdout, or a link to it, names."""
    for _ in range(_LINKS):
        if path in ("/dev/stdout", "/dev/stderr"):
            return 1 if path == "/dev/stdout" else 2
        found = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d+)", path)
        if found:
            return int(found[1])
        if not os.path.islink(path):
            return None
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    return None


def _mode_of(target: str) -> int:
    """The old file's permissions, or those that a new file would get."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except OSError:
        return 0o666 & ~umask()


def umask() -> int:
    """The permissions that this process removes from the files it creates."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove_quietly(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
