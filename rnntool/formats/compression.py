"""Compressed files, recognized by the ends of their names: .gz, .bz2, .xz and .zst."""

from __future__ import annotations

import lzma
import os
import zlib
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from rnntool.errors import UserError

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
# First bytes of other kinds of files, which users may give by mistake.
_MAGIC = {
    b"PK\x03\x04": ("a zip archive", "unpack it, and give the text file that is in it"),
    b"\x1f\x8b": ("compressed by gzip", "let its name end in .gz, or unpack it: gzip -d"),
    b"BZh": ("compressed by bzip2", "let its name end in .bz2, or unpack it: bzip2 -d"),
    b"\xfd7zXZ\x00": ("compressed by xz", "let its name end in .xz, or unpack it: xz -d"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "let its name end in .zst, or unpack it: zstd -d"),
    b"PAR1": ("a Parquet file", "let its name end in .parquet, or give --format parquet"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it, and give the text file that is in it"),
}


def is_url(path: str) -> bool:
    """Whether a path is the URL of a file elsewhere."""
    return "://" in path


def without_compression(name: str) -> str:
    """A file's name without the ending that says how it is compressed."""
    for ending in COMPRESSED:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def refuse_binary(start: bytes, name: str) -> None:
    """Raise a UserError if a text begins like an archive or a compressed file."""
    for magic, (kind, hint) in _MAGIC.items():
        if start.startswith(magic):
            raise UserError(f"is {kind}, not text", where=name, hint=hint)


def open_compressed(path: str) -> BinaryIO:
    """A compressed file, or one at a URL, for reading its bytes.

    Raises:
        OSError: it cannot be opened.
        UserError: a URL cannot be read.
    """
    from smart_open.compression import compression_wrapper

    from rnntool.formats.remote import open_url

    remote = is_url(path)
    source: Any = open_url(path) if remote else open(path, "rb")  # noqa: SIM115
    ending = os.path.splitext(urlsplit(path).path if remote else path)[1]
    if ending in COMPRESSED:
        source = compression_wrapper(source, "rb", compression=ending)
    opened: BinaryIO = source
    return opened


def is_damage(error: Exception) -> bool:
    """Whether reading failed because the compressed bytes are damaged.

    Python's and smart_open's versions decide which package reads .zst, and raises `ZstdError`.
    """
    return isinstance(error, (zlib.error, lzma.LZMAError)) or type(error).__name__ == "ZstdError"


def compressor(name: str, sink: BinaryIO) -> Any:
    """A file to write to and close that compresses into `sink`, or `sink` itself, by the name.

    The same content gives the same bytes: neither time nor name is stored.
    """
    if name.endswith(".gz"):
        import gzip

        return gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0)
    if name.endswith(COMPRESSED):
        from smart_open.compression import compression_wrapper

        # It closes its target, but the owner of `sink` still needs it.
        copy = os.fdopen(os.dup(sink.fileno()), "wb")
        return compression_wrapper(copy, "wb", compression=name[name.rindex(".") :])
    return sink
