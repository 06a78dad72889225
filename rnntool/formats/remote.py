"""A file at a URL: over HTTP by Python itself, from other stores by smart_open."""

from __future__ import annotations

import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
from contextlib import suppress
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
        return _fetched(url)
    import smart_open

    try:
        source: BinaryIO = smart_open.open(url, "rb", compression="disable")
    except (ImportError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"cannot be read: {reason}", where=url) from None
    return source


def _fetched(url: str) -> BinaryIO:
    sink: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  (its reader closes it)
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "rnntool"})
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            shutil.copyfileobj(response, sink)
            length = response.headers.get("Content-Length")
        if length is not None and sink.tell() < int(length):
            raise UserError(
                f"the download stopped after {sink.tell():,} of {int(length):,} bytes",
                where=url,
                hint="try again",
            )
    except urllib.error.HTTPError as error:
        raise UserError(f"the server answers {error.code} {error.reason}", where=url) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UserError(f"cannot be reached: {reason}", where=url) from None
    finally:
        with suppress(ValueError, OSError):
            sink.seek(0)
    return sink
