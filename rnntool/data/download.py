"""Download a file: resumable, checked, and with its final name only when it is complete."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from rnntool.errors import UserError
from rnntool.formats.reading import sha256_of
from rnntool.formats.remote import refuse_short, request_for, unreachable
from rnntool.formats.writing import explain_os_errors
from rnntool.reporting import Reporter

_TIMEOUT = 60  # seconds without a byte
_BLOCK = 1 << 16  # bytes


def fetch(url: str, target: Path, report: Reporter, sha256: str | None = None) -> None:
    """Download `url` to `target`; an existing file with the right checksum is kept.

    An interrupted download leaves `TARGET.part`, and the next one continues from there.

    Raises:
        UserError: network or server fails, the checksum is wrong (the download is deleted), or
            another file has the target's name.
    """
    if target.exists() and sha256 is not None and sha256_of(str(target)) == sha256:
        report.note(f"{target}: exists already")
        return
    if target.exists() and sha256 is not None:
        raise UserError("exists already, with other content", where=target,
                        hint="move it away, or give another folder")  # fmt: skip
    part = target.with_name(target.name + ".part")
    with explain_os_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
    _download(url, part, report)
    found = sha256_of(str(part))
    if sha256 is not None and found != sha256:
        part.unlink()
        raise UserError(
            f"the download's sha256 is {found}, not {sha256}",
            where=url,
            hint="try again; if this repeats, the published file has changed",
        )
    os.replace(part, target)
    report.note(f"{target}: {target.stat().st_size:,} bytes")


def _download(url: str, part: Path, report: Reporter) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = request_for(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            resumed = response.status == 206
            length = response.headers.get("Content-Length")
            total = int(length) + (have if resumed else 0) if length else None
            with (
                explain_os_errors(str(part)),
                open(part, "ab" if resumed else "wb") as sink,
                report.progress(part.stem, total, "bytes") as progress,
            ):
                progress.advance(have if resumed else 0)
                while block := response.read(_BLOCK):
                    sink.write(block)
                    progress.advance(len(block))
        refuse_short(url, part.stat().st_size, total, "run the command again to go on")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == 416 and have:
            return  # it was complete already
        hint = "run the command again to go on, or work on `rnntool data sample DIR`"
        raise unreachable(url, error, hint) from None


def text_digest(text: str) -> bytes:
    """A short fingerprint of a text, to compare millions of them in little memory."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=12).digest()
