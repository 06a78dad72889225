"""The first line of our files, with their kind: `#rnntool KIND vN key=value key=value`.

White space in values is percent-encoded, so the line can be split at spaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from rnntool.errors import UserError

_MARK = "#rnntool "
_LINE = re.compile(r"#rnntool (?P<kind>[a-z-]+) v(?P<version>\d+)(?P<rest>( .*)?)$")
_PLAIN = "".join(chr(code) for code in range(33, 127) if chr(code) != "%")


class Header(NamedTuple):
    """What the line says."""

    kind: str
    values: dict[str, str]


def format_header(kind: str, values: dict[str, str], version: int = 1) -> str:
    """The line, without its line feed."""
    pairs = [f"{key}={quote(value, safe=_PLAIN)}" for key, value in values.items()]
    return " ".join([f"#rnntool {kind} v{version}", *pairs])


def parse_header(line: str, where: str, supported: int = 1) -> Header | None:
    """The header, or None if the line is not one of rnntool's.

    Raises:
        UserError: it is damaged, or has a version that this program does not know.
    """
    if not line.startswith(_MARK):
        return None
    match = _LINE.match(line)
    if match is None:
        raise UserError(f"damaged first line {line[:60]!r}", where=f"{where}:1")
    if int(match["version"]) > supported:
        raise UserError(
            f"written by a newer rnntool ({match['kind']} v{match['version']})",
            where=f"{where}:1",
            hint="upgrade: pip install --upgrade rnntool",
        )
    pairs = [pair.partition("=") for pair in match["rest"].split()]
    return Header(match["kind"], {key: unquote(value) for key, _, value in pairs})
