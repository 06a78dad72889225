"""A file at a URL: over HTTP by Python itself, from other stores by smart_open."""

from __future__ import annotations

import atexit
import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from functools import cache
from typing import BinaryIO
from urllib.parse import urlsplit

from rnntool.errors import UserError

_TIMEOUT = 30  # seconds without an answer


def open_url(url: str) -> BinaryIO:
    """The bytes at a URL, unchanged.

    A file over HTTP is downloaded completely before it is read, so a broken connection is never
    taken for the end of the file.

    Raises:
        UserError: there is nothing at the URL, it cannot be reached, the connection breaks, or its
            scheme is not supported.
    """
    if urlsplit(url).scheme in ("http", "https"):
        return open(_fetched(url), "rb")
    import smart_open

    try:
        source: BinaryIO = smart_open.open(url, "rb", compression="disable")
    except (ImportError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"cannot be read: {reason}", where=url) from None
    return source


@cache
def _fetched(url: str) -> str:
    """The path of the downloaded file, which is kept until the process ends.

    A training reads its data and then their sha256: both must be of the same bytes.
    """
    handle, path = tempfile.mkstemp(dir=_folder())
    try:
        with (
            os.fdopen(handle, "wb") as sink,
            urllib.request.urlopen(request_for(url), timeout=_TIMEOUT) as response,
        ):
            shutil.copyfileobj(response, sink)
            length = response.headers.get("Content-Length")
            refuse_short(url, sink.tell(), None if length is None else int(length), "try again")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise unreachable(url, error) from None
    return path


@cache
def _folder() -> str:
    folder = tempfile.TemporaryDirectory(prefix="rnntool-")
    atexit.register(folder.cleanup)
    return folder.name


def request_for(url: str) -> urllib.request.Request:
    """A request that says which program asks."""
    return urllib.request.Request(url, headers={"User-Agent": "rnntool"})


def refuse_short(url: str, size: int, total: int | None, hint: str) -> None:
    """Raise a UserError if a download of `size` bytes has fewer than the server announced."""
    if total is not None and size < total:
        raise UserError(
            f"the download stopped after {size:,} of {total:,} bytes", where=url, hint=hint
        )


def unreachable(url: str, error: Exception, hint: str = "") -> UserError:
    """The error for a server's refusal, or for a network that fails."""
    if isinstance(error, urllib.error.HTTPError):
        return UserError(f"the server answers {error.code} {error.reason}", where=url)
    reason = getattr(error, "reason", None) or error
    return UserError(f"cannot be reached: {reason}", where=url, hint=hint)
