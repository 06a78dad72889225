"""Reading lines and writing whole files: what every format shares.

A reader says which line is bad. A writer writes beside its target and renames when all is there,
so that a crash, Ctrl-C or a full disk leaves the old file or the new one, never a part.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

from rnntool.errors import UserError

STREAM = "-"  # standard input or output
_CHEAP_TO_COUNT = 1 << 29  # bytes; counting them takes a fraction of a second
_BOM = "\ufeff"
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


@contextmanager
def open_binary(path: str) -> Iterator[BinaryIO]:
    """A file, `-` (standard input), a compressed file or a URL, for reading bytes.

    Raises:
        UserError: there is no such file, it is a directory, or it cannot be read.
    """
    if path == STREAM:
        yield _standard_input()
        return
    try:
        source = _open_source(path)
    except IsADirectoryError:
        raise UserError("is a directory", where=path, hint="give a file") from None
    except FileNotFoundError:
        raise UserError("no such file", where=path, hint=_similar_file(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot be read: {reason}", where=path) from error
    with source:
        yield source


def _standard_input() -> BinaryIO:
    """Standard input through a buffer of its own.

    A thread may be waiting in a read of it when the command ends, and Python cannot shut down while
    somebody holds `sys.stdin`'s own buffer.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError):  # a test's stand-in has no file descriptor
        return sys.stdin.buffer


def _open_source(path: str) -> BinaryIO:
    if "://" in path or path.endswith(_COMPRESSED):
        import smart_open

        source: BinaryIO = smart_open.open(path, "rb")
        return source
    return open(path, "rb")


def _similar_file(path: str) -> str:
    from rnntool.errors import nearest

    folder = Path(path).parent
    if not folder.is_dir():
        return f"there is no folder {str(folder)!r} either"
    close = nearest(Path(path).name, os.listdir(folder))
    return f"did you mean {str(folder / close[0])!r}?" if close else "check the path"


def read_lines(path: str, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    r"""Lines with their 1-based numbers, without `\n` or `\r\n`; a byte order mark is dropped.

    Only a line feed ends a line: other separators (U+2028, a lone `\r`) are part of the text. A
    last line without a line feed is a line; the empty end after a last line feed is not.

    Raises:
        UserError: a line is not in `encoding` or holds a NUL byte; the file cannot be read.
    """
    with open_binary(path) as source:
        yield from decode_lines(source, name_of(path), encoding)


def decode_lines(source: IO[bytes], name: str, encoding: str) -> Iterator[tuple[int, str]]:
    """`read_lines` over an open stream; `name` stands in errors."""
    for number, raw in enumerate(_split_lines(source, name, encoding), start=1):
        text = raw if isinstance(raw, str) else _decode(raw, name, number, encoding)
        if number == 1:
            text = text.removeprefix(_BOM)
        if "\0" in text:
            raise UserError(
                "holds a NUL byte, so this is no text in this encoding",
                where=f"{name}:{number}",
                hint="is it UTF-16 (--encoding utf-16) or a binary file?",
            )
        yield number, text.removesuffix("\n").removesuffix("\r")


def _split_lines(source: IO[bytes], name: str, encoding: str) -> Iterator[str | bytes]:
    """Byte lines where a 0x0A byte is always a line feed; else decoded lines (UTF-16, UTF-32)."""
    try:
        newline_is_a_byte = "\n".encode(encoding) == b"\n"
    except LookupError:
        raise UserError(
            f"unknown encoding {encoding!r}", hint="for Korean files try utf-8, cp949 or utf-16"
        ) from None
    try:
        if newline_is_a_byte:
            yield from source
        else:
            import io

            yield from io.TextIOWrapper(source, encoding=encoding, newline="\n")
    except UnicodeError as error:
        raise UserError(f"not {encoding}: {error}", where=name, hint="give --encoding") from None
    except (OSError, EOFError) as error:  # a damaged archive, a lost connection
        raise UserError(f"cannot be read to its end: {error}", where=name) from error


def _decode(raw: bytes, name: str, number: int, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(
            f"not {encoding}: byte 0x{raw[error.start]:02x} at column {error.start + 1}",
            where=f"{name}:{number}",
            hint="give the file's own encoding, such as --encoding cp949",
        ) from None


def name_of(path: str) -> str:
    """How errors call a path."""
    return "standard input" if path == STREAM else path


@contextmanager
def write_binary(path: str) -> Iterator[BinaryIO]:
    """A file (or `-`, standard output) that appears under its name when all of it is written.

    Raises:
        UserError: the place cannot be written, or the disk is full; nothing is left behind.
    """
    if path == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = os.path.realpath(path)  # a link stays a link, its target is replaced
    if _is_special(target):
        with open(target, "wb") as sink:  # a pipe or device has no name to be renamed to
            yield sink
        return
    with explain_os_errors(path):
        handle, temporary = tempfile.mkstemp(
            prefix=f".{os.path.basename(target)}.", suffix=".part", dir=os.path.dirname(target)
        )
    try:
        with explain_os_errors(path):
            with os.fdopen(handle, "wb") as sink:
                yield sink
                sink.flush()
                os.fsync(sink.fileno())
            os.chmod(temporary, _mode_of(target))
            os.replace(temporary, target)
    except BaseException:
        _remove_quietly(temporary)
        raise


@contextmanager
def write_text(path: str) -> Iterator[TextIO]:
    """`write_binary`, as UTF-8 text with `\\n` line ends."""
    import io

    with write_binary(path) as sink:
        text = io.TextIOWrapper(sink, encoding="utf-8", newline="\n", write_through=path == STREAM)
        try:
            yield text
            text.flush()
        finally:
            _detach(text)


def _detach(text: Any) -> None:
    """Let go of the bytes below without closing them; a pipe that broke cannot be flushed."""
    with suppress(OSError, ValueError):
        text.detach()


@contextmanager
def write_directory(path: str, force: bool = False) -> Iterator[Path]:
    """A folder that appears under its name when all of it is written.

    Raises:
        UserError: it exists and `force` is not given, or the place cannot be written.
    """
    target = Path(path)
    refuse_existing(path, force)
    with explain_os_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with explain_os_errors(path):
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            replace_directory(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def replace_directory(new: Path, target: Path) -> None:
    """Put the folder `new` in `target`'s place; an old one goes once the new one stands."""
    if not target.exists():
        os.replace(new, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    os.replace(target, old)  # an empty folder may be replaced
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)


def refuse_existing(path: str, force: bool) -> None:
    """Raise a UserError if the output folder is there and `--force` is not given."""
    if os.path.lexists(path) and not force:
        raise UserError("exists already", where=path, hint="give --force to replace it")
    if os.path.lexists(path) and not os.path.isdir(path):
        raise UserError("is a file, not a folder", where=path, hint="give another name")


def count_lines(paths: list[str]) -> int | None:
    """How many lines plain files hold, for a progress bar; None where finding out is not cheap."""
    count = 0
    for path in paths:
        cheap = os.path.isfile(path) and not path.endswith(_COMPRESSED)
        if not cheap or os.path.getsize(path) > _CHEAP_TO_COUNT:
            return None
        with open(path, "rb") as source:
            while block := source.read(1 << 20):
                count += block.count(b"\n")
    return count


def sha256_of(path: str) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open_binary(path) as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def explain_os_errors(path: str) -> Iterator[None]:
    """An OSError while writing `path` as a UserError that names it."""
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


def _is_special(target: str) -> bool:
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        raise UserError("is a directory", where=target, hint="give a file name to write to")
    return not stat.S_ISREG(mode)


def _mode_of(target: str) -> int:
    """The old file's permissions, or what a new file would get."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except OSError:
        return 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove_quietly(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
