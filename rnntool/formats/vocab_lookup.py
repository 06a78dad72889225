"""A run's vocabulary for one-line answers, which look up only a dozen tokens.

Converting tens of thousands of tokens to Python strings and numbers takes longer than the answer.
So the bytes of the file are checked as a whole, and searched directly.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from rnntool.formats.header import parse_header
from rnntool.formats.reading import name_of, open_binary
from rnntool.formats.vocab import origin_of, parse_vocabulary, read_vocabulary
from rnntool.text.vocabulary import SPECIALS, UNK_ID, Vocabulary


def open_vocabulary(path: str) -> Vocabulary:
    """Like `read_vocabulary`, but tokens and numbers are converted only when they are needed.

    Raises:
        UserError: as `read_vocabulary`; a duplicate token raises it only when it is looked up, or
            when all tokens are needed.
    """
    with open_binary(path) as source:
        content = source.read()
    if not _well_formed(content):
        return read_vocabulary(path)  # it names the line that is wrong
    return _InItsFile(content, path)


class _InItsFile(Vocabulary):
    """A vocabulary stored as the bytes of its file, which are `_well_formed`."""

    def __init__(self, content: bytes, path: str) -> None:
        head, _, body = content.partition(b"\n")
        origin = origin_of(parse_header(head.decode(), name_of(path)), name_of(path))
        values = {"_content": content, "_path": path, "_size": body.count(b"\n"), "_asked": False}
        self.__dict__.update(values | {**origin})  # the class above is frozen

    _content: bytes
    _path: str
    _size: int
    _asked: bool

    def __len__(self) -> int:
        return self._size

    @cached_property
    def _whole(self) -> Vocabulary:
        return parse_vocabulary(self._content.decode().split("\n")[:-1], name_of(self._path))

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens."""
        return self._whole.tokens

    @property
    def counts(self) -> tuple[int, ...]:
        """How often each token occurs in the corpus."""
        return self._whole.counts

    @property
    def ids(self) -> dict[str, int]:
        """The number of each token."""
        return self._whole.ids

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of tokens: the first call searches the bytes, later calls use a dictionary."""
        if self._asked:
            return self._whole.encode(tokens)
        self.__dict__["_asked"] = True
        return [self._search(token) for token in tokens]

    def _search(self, token: str) -> int:
        if not token or "\t" in token or "\n" in token:
            return UNK_ID
        line = b"\n%b\t" % token.encode("utf-8", "surrogatepass")
        place = self._content.find(line)
        if place < 0:
            return UNK_ID
        if self._content.find(line, place + 1) >= 0:
            self._whole  # noqa: B018  (raises the error that names the lines)
        return self._content.count(b"\n", 0, place)


def _well_formed(content: bytes) -> bool:
    """Whether the lines after the first are `token TAB count`, the four special tokens first."""
    _, _, body = content.partition(b"\n")
    lines = body.count(b"\n")
    # Without its digits, each line must end in its only tab.
    without_digits = body.translate(None, b"0123456789")
    plain = (
        body.endswith(b"\n")
        and body.count(b"\t") == lines == without_digits.count(b"\t\n")
        and b"\t\n" not in body
        and b"\n\t" not in content
        and not any(byte in content for byte in (b"\r", b"\0"))
        and not content.startswith(b"\xef\xbb\xbf")
    )
    if not plain or not _is_utf8(content):
        return False
    first = [line.split(b"\t")[0].decode() for line in body.split(b"\n", len(SPECIALS))]
    return tuple(first[: len(SPECIALS)]) == SPECIALS


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
