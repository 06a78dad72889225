"""The bundled sample: reviews written for this project, in NSMC's form."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from rnntool.errors import UserError
from rnntool.formats.writing import explain_os_errors, write_binary
from rnntool.reporting import Reporter

FILES = ("ratings_train.txt", "ratings_test.txt", "README.md")


def write_sample(folder: Path, report: Reporter) -> None:
    """Write the sample's files into a folder.

    Raises:
        UserError: the folder cannot be written, or has a different file with one of these names.
    """
    with explain_os_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    contents = {name: _content(name) for name in FILES}
    for name, content in contents.items():
        path = folder / name
        if path.exists() and path.read_bytes() != content:
            raise UserError("exists already, with other content", where=path,
                            hint="give another folder")  # fmt: skip
    for name, content in contents.items():
        with write_binary(str(folder / name)) as sink:
            sink.write(content)
        report.note(f"{folder / name}: {len(content):,} bytes")


def _content(name: str) -> bytes:
    return (resources.files("rnntool") / "sample" / name).read_bytes()
