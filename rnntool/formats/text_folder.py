"""Texts in folders whose names are the labels: `data/pos/1.txt`, `data/neg/1.txt`, ….

Each file is one text, whatever its name; hidden files are left out. Files beside the labels'
folders belong to no label and are left out too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from rnntool.errors import UserError
from rnntool.formats.reading import decode_lines, open_binary, sha256_of
from rnntool.formats.rows import Corpus, CorpusOptions, Layout, Row

COLUMNS = ("file", "text", "label")


def folder_corpus(path: str, options: CorpusOptions) -> Corpus:
    """The texts of a folder, sorted by label and by name.

    Raises:
        UserError: it contains no folder with a file; while iterating: a file is not text.
    """
    files = text_files(path)
    return Corpus(path, Layout("folder", COLUMNS, 1, 2), _rows(path, files, options))


def text_files(path: str) -> list[Path]:
    """The files of a folder's folders.

    Raises:
        UserError: there is none, or a label's folder contains a folder.
    """
    found: list[Path] = []
    for folder in sorted(entry for entry in Path(path).iterdir() if entry.is_dir()):
        if folder.name.startswith("."):
            continue
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                raise UserError("is a folder inside a label's folder", where=entry,
                                hint="give the folder whose folders are the labels")  # fmt: skip
            found.append(entry)
    if not found:
        raise UserError(
            "is a directory without a folder of texts", where=path,
            hint="give a file, or a folder with a folder of texts for each label",
        )  # fmt: skip
    return found


def sha256_of_folder(path: str) -> str:
    """Hexadecimal SHA-256 of the names and bytes of a folder's texts."""
    digest = hashlib.sha256()
    for file in text_files(path):
        digest.update(f"{file.relative_to(path)}\0{sha256_of(str(file))}\n".encode())
    return digest.hexdigest()


def _rows(path: str, files: list[Path], options: CorpusOptions) -> Iterator[Row]:
    for number, file in enumerate(files, start=1):
        name, label = str(file.relative_to(path)), file.parent.name
        text = _read(str(file), options)
        record = {"file": name, "text": text, "label": label}
        yield Row(number, text, label, [name, text, label], None, record)


def _read(path: str, options: CorpusOptions) -> str:
    """A whole file as one text, without its last line feed."""
    with open_binary(path) as source:
        lines = decode_lines(source, path, options.encoding, options.errors)
        return "\n".join(line for _, line in lines)
