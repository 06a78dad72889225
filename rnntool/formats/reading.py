"""Reading files, standard input, compressed files and URLs line by line; errors name the line."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from rnntool.errors import UserError, nearest
from rnntool.formats.compression import (
    COMPRESSED,
    is_damage,
    is_url,
    open_compressed,
    refuse_binary,
)
from rnntool.machine import process_count
from rnntool.reporting import Reporter

STREAM = "-"  # stands for standard input or output
_CHEAP_TO_COUNT = 1 << 29  # bytes; counting them takes a fraction of a second
_BOM = "\ufeff"
PARQUET = (".parquet", ".pq")  # ends of the names of files without lines


@contextmanager
def open_binary(path: str) -> Iterator[BinaryIO]:
    """A file, `-` (standard input), a compressed file or a URL, for reading bytes.

    Raises:
        UserError: there is no such file, it is a directory, or it cannot be read; or several
            processes would share the same standard input.
    """
    if path == STREAM:
        if process_count() > 1:
            raise UserError("cannot be shared by several processes", where=name_of(path),
                            hint="write it to a file, and give that file")  # fmt: skip
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
        try:
            yield source
        except Exception as error:
            if not is_damage(error):
                raise
            reason = f"cannot be read to its end: {error}"
            raise UserError(reason, where=path, hint="download it again") from None


def _standard_input() -> BinaryIO:
    """Standard input through a separate buffer.

    A thread may still be waiting for input when the command ends, and Python cannot shut down while
    a thread holds the buffer of `sys.stdin`.
    """
    if sys.stdin is None:
        raise UserError("is closed", where=name_of(STREAM), hint="give a file or pipe text in")
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError):  # a test's replacement has no file descriptor
        return sys.stdin.buffer


def _open_source(path: str) -> BinaryIO:
    if is_url(path) or path.endswith(COMPRESSED):
        return open_compressed(path)
    return open(path, "rb")


def _similar_file(path: str) -> str:
    folder = Path(path).parent
    if not folder.is_dir():
        return f"there is no folder {str(folder)!r} either"
    close = nearest(Path(path).name, os.listdir(folder))
    return f"did you mean {str(folder / close[0])!r}?" if close else "check the path"


@dataclass
class Undecodable:
    """What to do with lines that do not fit the file's encoding, and their count.

    Attributes:
        mode: `strict`: raise an error; `replace`: read each wrong byte as U+FFFD; `skip`: read the
            line as an empty one, so that there is still one answer per line.
        offered: whether the command has a flag for the mode, so that errors can name it.
    """

    mode: str = "strict"
    count: int = 0
    offered: bool = False

    def read(self, raw: bytes, encoding: str) -> str:
        """The line's text, for the modes `replace` and `skip`."""
        self.count += 1
        return raw.decode(encoding, "replace") if self.mode == "replace" else "\n"

    def warn(self, report: Reporter) -> None:
        """Report how many such lines there were."""
        if self.count:
            done = "wrong bytes were replaced" if self.mode == "replace" else "read as empty"
            report.warn(f"{self.count:,} lines are not in the encoding: {done}")


def read_lines(
    path: str, encoding: str = "utf-8", errors: Undecodable | None = None
) -> Iterator[tuple[int, str]]:
    r"""Lines with their 1-based numbers, without `\n` or `\r\n`; a byte order mark is dropped.

    Only a line feed ends a line: other separators (U+2028, a lone `\r`) are part of the text. A
    last line without a line feed counts as a line; nothing after a last line feed does not.

    Raises:
        UserError: a line is not in `encoding` or holds a NUL byte; the file cannot be read.
    """
    with open_binary(path) as source:
        yield from decode_lines(source, name_of(path), encoding, errors)


def read_all_lines(path: str) -> list[str]:
    """The texts of `read_lines`, for UTF-8, all at once: four times as fast if memory suffices.

    Raises:
        UserError: as `read_lines`.
    """
    with open_binary(path) as source:
        content = source.read()
    text: str | None = None
    with suppress(UnicodeDecodeError):
        text = content.decode()
    if text is None or "\0" in text or "\r" in text:  # to name the line, or to handle its end
        return [line for _, line in decode_lines(io.BytesIO(content), name_of(path), "utf-8")]
    text = text.removeprefix(_BOM)
    return text.removesuffix("\n").split("\n") if content else []


def decode_lines(
    source: IO[bytes], name: str, encoding: str, errors: Undecodable | None = None
) -> Iterator[tuple[int, str]]:
    """`read_lines` on an open stream; `name` is its name in error messages."""
    errors = errors or Undecodable()
    for number, raw in enumerate(_split_lines(source, name, encoding, errors), start=1):
        if number == 1 and isinstance(raw, bytes):
            refuse_binary(raw, name)
        text = raw if isinstance(raw, str) else _decode(raw, name, number, encoding, errors)
        if number == 1:
            text = text.removeprefix(_BOM)
        if "\0" in text:
            raise UserError(
                "contains a NUL byte, so it is not text in this encoding",
                where=f"{name}:{number}",
                hint="is it UTF-16 (--encoding utf-16) or a binary file?",
            )
        yield number, text.removesuffix("\n").removesuffix("\r")


def _split_lines(
    source: IO[bytes], name: str, encoding: str, errors: Undecodable
) -> Iterator[str | bytes]:
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
            # Its lines are known only after decoding, so wrong bytes can only be replaced.
            mode = "strict" if errors.mode == "strict" else "replace"
            for line in io.TextIOWrapper(source, encoding=encoding, errors=mode, newline="\n"):
                errors.count += mode == "replace" and "\ufffd" in line
                yield line
    except UnicodeError as error:
        raise UserError(f"not {encoding}: {error}", where=name, hint="give --encoding") from None
    except (OSError, EOFError) as error:  # a damaged archive, a lost connection
        raise UserError(f"cannot be read to its end: {error}", where=name) from error


def _decode(raw: bytes, name: str, number: int, encoding: str, errors: Undecodable) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if errors.mode != "strict":
            return errors.read(raw, encoding)
        raise UserError(
            f"not {encoding}: byte 0x{raw[error.start]:02x} at column {error.start + 1}",
            where=f"{name}:{number}",
            hint="give the right encoding, such as --encoding cp949"
            + (", or --errors replace" if errors.offered else ""),
        ) from None


def is_file(path: str) -> bool:
    """Whether a path, or `-`, is a regular file, which is complete when it is opened."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode if path == STREAM else os.stat(path).st_mode
    except (OSError, ValueError):  # a URL, or a test's replacement of standard input
        return False
    return stat.S_ISREG(mode)


def name_of(path: str) -> str:
    """The name of a path in error messages."""
    return "standard input" if path == STREAM else path


def count_lines(paths: list[str]) -> int | None:
    """The number of lines in plain files, for a progress bar; None if counting is not cheap."""
    count = 0
    for path in paths:
        cheap = os.path.isfile(path) and not path.endswith((*COMPRESSED, *PARQUET))
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
