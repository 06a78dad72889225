"""Word vectors in the formats that gensim, fastText and spaCy share; never pickled.

    .vec, .txt   word2vec text: a line `V D`, then one word and D numbers per line; GloVe's files
    are the same without the first line
    .bin         word2vec binary; or fastText's own binary, which also has character n-grams and so
    a vector for any word

Each may be compressed (.gz, .bz2, .xz, .zst).

gensim reads and writes; this module adds the choice of format, clear errors, and writing completely
or not at all.

Shapes: V words, D dimensions.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from rnntool.errors import UserError
from rnntool.formats.compression import is_url, refuse_binary, without_compression
from rnntool.formats.fields import finite_number
from rnntool.formats.reading import open_binary, read_lines
from rnntool.formats.writing import explain_os_errors, write_binary

_FASTTEXT_MAGIC = 793712314  # fastText's fasttext.cc, FASTTEXT_FILEFORMAT_MAGIC_INT32
_FASTTEXT_HEAD = 92  # bytes before the words: magic number, version, arguments, sizes
_FASTTEXT_WORDS = 64  # position of the number of words in them
_AFTER_A_WORD = 1 + 8 + 1  # bytes: zero, count, type
_BLOCK = 1 << 20  # bytes read at a time


def read_vectors(path: str) -> Any:
    """Vectors as gensim's KeyedVectors (FastTextKeyedVectors where the file has n-grams).

    Raises:
        UserError: the file cannot be read, is cut off, has rows of different dimensions or numbers
            that are not finite, or has another format.
    """
    with open_binary(path) as source:
        start = source.read(8)
    if not start:
        raise UserError("is empty", where=path)
    refuse_binary(start, path)
    is_fasttext = start[:4] == struct.pack("<i", _FASTTEXT_MAGIC)
    vectors = _read_fasttext(path) if is_fasttext else _read_word2vec(path)
    if not np.isfinite(vectors.vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors.vectors).all(axis=1))[0])
        raise UserError(f"the vector of {vectors.index_to_key[row]!r} is not finite", where=path)
    return vectors


def _read_word2vec(path: str) -> Any:
    from gensim.models import KeyedVectors

    binary = is_binary(path)
    try:
        # gensim reads compressed files itself, but URLs only with another package.
        with _uncompressed(path) if is_url(path) else nullcontext(path) as place:
            return KeyedVectors.load_word2vec_format(
                place, binary=binary, no_header=not binary and _lacks_header(path)
            )
    except EOFError:
        raise UserError(
            "is cut off: it has fewer vectors than its first line says",
            where=path,
            hint="download it again",
        ) from None
    except (MemoryError, OverflowError):
        raise UserError("its first line gives more numbers than fit into memory", where=path,
                        hint="it must start with `V D`; is it complete?") from None  # fmt: skip
    except UnicodeDecodeError:
        raise UserError("a word is not UTF-8", where=path, hint="is it a binary file? name it .bin"
                        ) from None  # fmt: skip
    except (ValueError, IndexError) as error:
        if not binary:
            _refuse_bad_line(path)
        raise UserError(
            f"not word2vec {'binary' if binary else 'text'}: {error}",
            where=path,
            hint="the first line is `V D` (GloVe: none), each other one a word and D numbers",
        ) from None


def _refuse_bad_line(path: str) -> None:
    """Raise a UserError that names the first line that is not a word with its numbers."""
    width = None
    for number, line in read_lines(path):
        fields = line.split()
        if number == 1 and len(fields) == 2:
            width = int(fields[1]) if fields[1].isdecimal() else None
            continue
        width = width or len(fields) - 1
        if len(fields) == width + 1 and all(finite_number(f) is not None for f in fields[1:]):
            continue
        raise UserError(f"is not a word and {width} numbers: {line[:40]!r}",
                        where=f"{path}:{number}",
                        hint="a line is a word without spaces and its numbers")  # fmt: skip


def is_binary(path: str) -> bool:
    """Whether a file's name says that its vectors are binary."""
    return without_compression(path).endswith(".bin")


def _lacks_header(path: str) -> bool:
    """Whether a text has a word and its numbers in its first line, as GloVe's files do."""
    with open_binary(path) as source:
        fields = source.readline().split()
    return len(fields) > 2 and all(finite_number(field) is not None for field in fields[1:])


def _read_fasttext(path: str) -> Any:
    from gensim.models.fasttext import load_facebook_vectors

    _require_whole_words(path)
    try:
        with _uncompressed(path) as place:
            return load_facebook_vectors(place)
    except UserError:
        raise
    except Exception as error:  # gensim does not check the file's sizes, and fails in many ways
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"damaged fastText file: {reason}", where=path) from None


@contextmanager
def _uncompressed(path: str) -> Iterator[str]:
    """The path of an uncompressed copy: NumPy reads numbers directly from the file."""
    if without_compression(path) == path and not is_url(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "vectors.bin"
        with open_binary(path) as source, place.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        yield str(place)


def _require_whole_words(path: str) -> None:
    """Raise a UserError if the file ends within its words: gensim would never stop reading.

    fastText's dictionary.cc, Dictionary::save: a word, a zero byte, its count and its type.
    """
    with open_binary(path) as source:
        head = source.read(_FASTTEXT_HEAD)
        if len(head) < _FASTTEXT_HEAD:
            raise _cut_off(path)
        (words,) = struct.unpack_from("<i", head, _FASTTEXT_WORDS)
        data, at = b"", 0
        for _ in range(words):
            while (end := data.find(b"\0", at)) < 0 or len(data) < end + _AFTER_A_WORD:
                more = source.read(_BLOCK)
                if not more or len(data) - at > _BLOCK:  # no word is that long
                    raise _cut_off(path)
                data, at = data[at:] + more, 0
            at = end + _AFTER_A_WORD


def _cut_off(path: str) -> UserError:
    return UserError("damaged fastText file: it ends inside its words", where=path,
                     hint="download it again")  # fmt: skip


def write_vectors(path: str, vectors: Any) -> None:
    """Write KeyedVectors as text or (`.bin`) binary, completely or not at all.

    Raises:
        UserError: the place cannot be written.
    """
    matrix = np.ascontiguousarray(vectors.vectors, dtype=np.float32)
    binary = is_binary(path)
    with write_binary(path) as sink:
        sink.write(f"{matrix.shape[0]} {matrix.shape[1]}\n".encode())
        for word, row in zip(vectors.index_to_key, matrix, strict=True):
            if binary:
                sink.write(word.encode("utf-8") + b" " + row.astype("<f4").tobytes() + b"\n")
            else:
                numbers = " ".join(map(repr, row.tolist()))
                sink.write(f"{word} {numbers}\n".encode())


def write_fasttext(path: str, model: Any) -> None:
    """Write a gensim FastText model in fastText's own binary form, n-grams included."""
    from gensim.models.fasttext import save_facebook_model

    # gensim needs a path: it writes beside the target, so that a full disk is noticed early.
    folder = os.path.dirname(os.path.realpath(path))
    with explain_os_errors(path), tempfile.TemporaryDirectory(dir=folder) as own:
        temporary = Path(own) / "model.bin"
        save_facebook_model(model, str(temporary))
        with write_binary(path) as sink, open(temporary, "rb") as source:
            while block := source.read(1 << 20):
                sink.write(block)
